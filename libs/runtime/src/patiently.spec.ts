import { patiently } from './patiently';

const { signal } = new AbortController();

/** Fails with these, one after the other, and then not any more. */
function failing(...errors: string[]) {
  const work = jest.fn(() => {
    const error = errors.shift();
    return error === undefined ? Promise.resolve('done') : Promise.reject(new Error(error));
  });
  return work;
}
const isPassing = (error: unknown) => (error as Error).message === 'busy';

it('does it again while what is in the way passes', async () => {
  const work = failing('busy', 'busy');
  expect(await patiently(work, isPassing, { signal, between: 1 })).toBe('done');
  expect(work).toHaveBeenCalledTimes(3);
});

it('does not do it again for what lasts', async () => {
  const work = failing('busy', 'refused', 'busy');
  await expect(patiently(work, isPassing, { signal, between: 1 })).rejects.toThrow('refused');
  expect(work).toHaveBeenCalledTimes(2);
});

it('gives up with the last of it', async () => {
  const work = jest.fn(() => Promise.reject(new Error('busy')));
  await expect(patiently(work, isPassing, { signal, longest: 20, between: 5 })).rejects.toThrow('busy');
  expect(work.mock.calls.length).toBeGreaterThan(1);
});

it('ends at once when it is told to', async () => {
  const stop = new AbortController();
  const work = jest.fn(() => Promise.reject(new Error('busy')));
  const waiting = patiently(work, isPassing, { signal: stop.signal, between: 3_600_000 });
  setImmediate(() => stop.abort());
  await expect(waiting).rejects.toThrow(expect.objectContaining({ name: 'AbortError' }) as Error);
  expect(work).toHaveBeenCalledTimes(1);
});
