import { Nested } from '@keyward/contracts';
import { IsArray, IsInt, IsObject, IsOptional, IsString } from 'class-validator';
import { read } from './read';

class Dish {
  @IsString() name: string;
}

class Order {
  @IsInt() table: number = 7;
  @IsOptional() @Nested(() => Dish) first?: Dish;
  @IsOptional() @IsArray() @Nested(() => Dish, { each: true }) others?: Dish[];
  @IsOptional() @IsObject() notes?: Record<string, unknown>;
}

class TakeAway extends Order {
  @IsString() to: string;
}

const json = (text: string): unknown => JSON.parse(text);

it('makes what a class has rules for, and leaves out all else', () => {
  const order = read(Order, json('{"first":{"name":"soup","price":3},"others":[{"name":"pie"}],"tip":1}'));
  expect(order).toBeInstanceOf(Order);
  expect(order).toEqual({ table: 7, first: { name: 'soup' }, others: [{ name: 'pie' }] });
  expect(order.first).toBeInstanceOf(Dish);
  expect(order.others?.[0]).toBeInstanceOf(Dish);
});

it('makes what a class inherits', () => {
  const order = read(TakeAway, { to: 'John', first: { name: 'soup' } });
  expect(order.first).toBeInstanceOf(Dish);
  expect(order).toEqual({ table: 7, to: 'John', first: { name: 'soup' } });
});

test.each([
  ['a text', 'text', 'an object is expected'],
  ['a list', [], 'an object is expected'],
  ['a member of another type', { table: 'seven' }, 'table must be an integer number'],
  ['null for one that is needed', { table: null }, 'table must be an integer number'],
  ['a nested one of another type', { first: { name: 1 } }, 'name must be a string'],
  ['a nested one that is none', { first: 'soup' }, 'first must be an object'],
  ['an empty list for a nested one', { first: [] }, 'first must be an object'],
  ['a list for a nested one', { first: [{ name: 'soup' }] }, 'first must be an object'],
  ['one of a list', { others: [{ name: 'pie' }, {}] }, 'name must be a string'],
  ['no list', { others: 'pie' }, 'each value in others must be an object'],
  ['a list of none', { others: ['pie'] }, 'each value in others must be an object'],
  ['a list of nothing', { others: [null] }, 'each value in others must be an object'],
  ['a list of lists', { others: [[{ name: 'pie' }]] }, 'each value in others must be an object'],
])('refuses %s', (_what, plain, description) => {
  expect(() => read(Order, plain)).toThrow(expect.objectContaining({ code: 'invalid_request', description }) as Error);
});

it('takes names that mean something to JavaScript for names', () => {
  const order = read(
    Order,
    json('{"__proto__":{"table":8},"constructor":{"name":"x"},"notes":{"__proto__":1,"constructor":2}}'),
  );
  expect(order.table).toBe(7);
  expect(Object.getPrototypeOf(order)).toBe(Order.prototype);
  expect(JSON.stringify(order.notes)).toBe('{"__proto__":1,"constructor":2}');
});
