import { setTimeout as pause } from 'node:timers/promises';

/** For how long, and how often; milliseconds. */
export interface Patience {
  /** Ends the waiting, by an `AbortError`. */
  signal?: AbortSignal;
  longest?: number;
  between?: number;
}

/**
 * For a start: what is away may be starting as well, and on a machine where all starts at once everything takes its time. Throws
 * what does not pass at once, and the last of what did not pass in time, 20 s unless told otherwise.
 */
export async function patiently<T>(
  work: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { signal, longest = 20_000, between = 250 }: Patience = {},
): Promise<T> {
  const end = performance.now() + longest;
  for (;;)
    try {
      return await work();
    } catch (error) {
      if (!isPassing(error) || performance.now() > end) throw error;
      await pause(between, undefined, { signal });
    }
}
