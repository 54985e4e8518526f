import { Transit } from './transit';

describe('what a message was held up on its way', () => {
  test('is what it took longer than the fastest of its sender, wherever their clocks stand', () => {
    const transit = new Transit();
    expect(transit.heldUp('a', 5_000_000, 1000)).toBe(0);
    expect(transit.heldUp('a', 5_000_100, 1101)).toBe(1);
    expect(transit.heldUp('a', 5_000_200, 4200)).toBe(3000);
    expect(transit.heldUp('b', 7, 4300)).toBe(0);
    expect(transit.heldUp('b', 107, 4410)).toBe(10);
  });

  test('is more once a faster one has shown how slow it was', () => {
    const transit = new Transit();
    expect(transit.heldUp('a', 0, 3000)).toBe(0);
    expect(transit.heldUp('a', 3000, 3001)).toBe(0);
    expect(transit.heldUp('a', 3100, 6101)).toBe(3000);
  });

  test('stays small where one clock runs faster than the other', () => {
    const transit = new Transit();
    let longest = 0;
    for (let sent = 0; sent < 86_400_000; sent += 1000)
      longest = Math.max(longest, transit.heldUp('a', sent, sent * 1.0001));
    expect(longest).toBeLessThan(10);
  });

  test('is known of a sender that was quiet for a while, and of everybody after a hang of the receiver', () => {
    const transit = new Transit();
    transit.heldUp('a', 0, 0);
    for (let at = 0; at <= 10_000; at += 1000) transit.heldUp('b', at, at);
    expect(transit.heldUp('a', 10_000, 14_000)).toBe(4000);
    expect(transit.heldUp('b', 11_000, 40_000)).toBe(29_000);
  });

  test('is forgotten soon where the clock of the sender stood still', () => {
    const transit = new Transit();
    for (let at = 0; at < 30_000; at += 100) transit.heldUp('a', at, at);
    expect(transit.heldUp('a', 30_000, 35_000)).toBe(5000);
    for (let at = 30_100; at < 50_000; at += 100) transit.heldUp('a', at, at + 5000);
    expect(transit.heldUp('a', 50_000, 55_000)).toBe(0);
  });
});
