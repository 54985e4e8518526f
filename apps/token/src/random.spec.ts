import { random } from './random';

it('gives out random bytes once', () => {
  const taken = Array.from({ length: 1000 }, (_, n) => random(16 + (n % 32)));
  taken.forEach((bytes, n) => expect(bytes).toHaveLength(16 + (n % 32)));
  expect(new Set(taken.map((bytes) => bytes.toString('hex', 0, 8))).size).toBe(taken.length);
});

it('gives out what it can, also after it was asked for what it cannot', () => {
  expect(() => random(4097)).toThrow(RangeError);
  expect(() => random(NaN)).toThrow(RangeError);
  expect(random(4096)).toHaveLength(4096);
});

it('does not change what it has given out', () => {
  const taken = random(34);
  const before = taken.toString('hex');
  for (let n = 0; n < 500; n++) random(34);
  expect(taken.toString('hex')).toBe(before);
});
