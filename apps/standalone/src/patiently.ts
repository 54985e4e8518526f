import { setTimeout as pause } from 'node:timers/promises';

/** For how long, and how often; milliseconds. */
export interface Patience {
  /** Ends the waiting, by an `AbortError`. */
  signal: AbortSignal;
  longest?: number;
  between?: number;
}

/** Does something again while it fails for what passes. Throws what lasts at once, and the last of what did not pass in time. */
export async function patiently<T>(
  work: () => Promise<T>,
  isPassing: (error: unknown) => boolean,
  { signal, longest = 20_000, between = 1000 }: Patience,
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
