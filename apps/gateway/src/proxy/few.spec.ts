import { Few } from './few';

it.each([0, 1, 2, 8, 9, 10, 500])('of %i entries finds each, the last that was set, and no other', (count) => {
  const few = new Few<number>();
  const names = Array.from({ length: count }, (_, n) => `/path-${n}`);
  names.forEach((name) => few.set(name, -1));
  names.forEach((name, n) => few.set(name, n));
  expect(names.map((name) => few.get(name))).toEqual(names.map((_, n) => n));
  expect([few.get(''), few.get('/path-'), few.get('/PATH-0'), few.get('__proto__')]).toEqual(Array(4).fill(undefined));
});
