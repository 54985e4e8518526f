import { Recent } from './recent';

it('abuse 48: holds no more than its limit, whatever is made up, and keeps what is used meanwhile', () => {
  const recent = new Recent<number>(1000);
  recent.set('used', 7);
  let most = 0;
  for (let n = 0; n < 100_000; n++) {
    recent.set(`made up ${n}`, n);
    if (n % 400 === 0) expect(recent.get('used')).toBe(7);
    most = Math.max(most, recent.size);
  }
  expect(most).toBeLessThanOrEqual(1000);
  expect(recent.get('made up 0')).toBeUndefined();
  recent.clear();
  expect([recent.size, recent.get('used')]).toEqual([0, undefined]);
});
