import { activeAt, expiryAfter, isDue, stateOf, successorBegins, type Life } from './life-cycle';

const DAY = 86_400_000;
const schedule = { publishAhead: 86_400, active: 90 * 86_400 };
const at = (day: number) => new Date(day * DAY);

describe('the life of a signing key', () => {
  const first: Life = { activatesAt: at(0), expiresAt: expiryAfter(at(90)) };
  const second: Life = { activatesAt: at(90), expiresAt: null };
  const keys = [first, second];

  it.each([
    [89, 'active', 'published'],
    [89.999, 'active', 'published'],
    [90, 'retiring', 'active'],
    [91.999, 'retiring', 'active'],
    [92, undefined, 'active'],
  ])('JK-05 on day %p the old key is %p and the new one %p', (day, old, next) => {
    expect(stateOf(first, keys, day * DAY)).toBe(old);
    expect(stateOf(second, keys, day * DAY)).toBe(next);
  });

  it('JK-05 exactly one key signs at any time', () => {
    for (let day = 0; day < 100; day += 0.25) {
      const active = keys.filter((key) => stateOf(key, keys, day * DAY) === 'active');
      expect(active).toEqual([activeAt(keys, day * DAY)]);
    }
  });

  it('C-30 a successor is due when it can still be published ahead', () => {
    expect(isDue(first, schedule, 89 * DAY - 1)).toBe(false);
    expect(isDue(first, schedule, 89 * DAY)).toBe(true);
  });

  it('C-30 a successor begins when its predecessor has had its time, but never unannounced', () => {
    expect(successorBegins(first, schedule, 89 * DAY)).toEqual(at(90));
    expect(successorBegins(first, schedule, 120 * DAY)).toEqual(at(121));
  });
});
