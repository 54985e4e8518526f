import { FairSlots } from './fair-slots';

const limits = { all: 4, each: 2, waiting: 3, waitMs: 60_000 };

it('abuse 37 MT-22 one that wants everything has its share, and another is served at once', async () => {
  const slots = new FairSlots(limits);
  expect(await Promise.all([slots.take('a'), slots.take('a')])).toEqual([true, true]);
  const waiting = [slots.take('a'), slots.take('a'), slots.take('a')];
  expect(await slots.take('a')).toBe(false);
  expect(await slots.take('b')).toBe(true);
  for (let i = 0; i < 3; i++) slots.giveBack('a');
  expect(await Promise.all(waiting)).toEqual([true, true, true]);
});

it('abuse 37 MT-22 who waits is served in turn, whoever has more waiting', async () => {
  const slots = new FairSlots({ ...limits, each: 4 });
  for (let i = 0; i < 4; i++) await slots.take('a');
  const served: string[] = [];
  for (const owner of ['a', 'a', 'a', 'b', 'c']) void slots.take(owner).then(() => served.push(owner));
  for (let i = 0; i < 4; i++) slots.giveBack('a');
  await new Promise(setImmediate);
  expect(served).toEqual(['a', 'b', 'c', 'a']);
  slots.giveBack('b');
});

it('abuse 37 who has waited too long is told so, and holds nothing', async () => {
  const slots = new FairSlots({ ...limits, each: 1, waitMs: 1 });
  await slots.take('a');
  expect(await slots.take('a')).toBe(false);
  slots.giveBack('a');
  expect(await slots.take('a')).toBe(true);
});
