import { undoAll } from './undo';

it('every step is taken, the last one first, whichever fails; the first failure is told', async () => {
  const taken: string[] = [];
  const step = (name: string, failure?: string) => () => {
    taken.push(name);
    return failure === undefined ? undefined : Promise.reject(new Error(failure));
  };
  const steps = [step('lock'), step('PostgreSQL', 'late'), step('services', 'early'), step('gateway')];
  await expect(undoAll(steps)).rejects.toThrow('early');
  expect(taken).toEqual(['gateway', 'services', 'PostgreSQL', 'lock']);
  await undoAll(steps); // Nothing is taken twice.
  expect(taken).toHaveLength(4);
});
