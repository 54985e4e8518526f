import { SharedCache } from './shared-cache';

it('abuse 48 who keeps too much loses what it used longest ago, and nobody else anything', () => {
  const cache = new SharedCache<number>({ all: 100, each: 10 });
  cache.set('other', 'x', 0, 10);
  for (let i = 0; i < 3; i++) cache.set('one', `key ${i}`, i, 4);
  expect([0, 1, 2].map((i) => cache.get('one', `key ${i}`))).toEqual([undefined, 1, 2]);
  cache.get('one', 'key 1');
  cache.set('one', 'key 3', 3, 4);
  expect([1, 2, 3].map((i) => cache.get('one', `key ${i}`))).toEqual([1, undefined, 3]);
  cache.set('one', 'larger than all', 4, 11);
  expect([cache.get('one', 'larger than all'), cache.get('other', 'x'), cache.bytes]).toEqual([undefined, 0, 10]);
});

it('abuse 48 a hundred thousand owners have no more room than a few', () => {
  const cache = new SharedCache<number>({ all: 1000, each: 100 });
  for (let i = 0; i < 100_000; i++) cache.set(`owner ${i}`, 'key', i, 10);
  expect(cache.bytes).toBe(1000);
  expect([cache.get('owner 99999', 'key'), cache.get('owner 99900', 'key')]).toEqual([99_999, 99_900]);
  expect(cache.get('owner 99899', 'key')).toBeUndefined();
});

it('abuse 48 what is kept again, or taken away, is counted once', () => {
  const cache = new SharedCache<number>({ all: 100, each: 100 });
  cache.set('one', 'key', 1, 10);
  cache.set('one', 'key', 2, 30);
  expect([cache.get('one', 'key'), cache.bytes]).toEqual([2, 30]);
  cache.delete('one', 'key');
  cache.delete('one', 'key');
  expect(cache.bytes).toBe(0);
});
