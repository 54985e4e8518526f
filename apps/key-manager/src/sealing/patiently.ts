import { ServiceError } from '@keyward/contracts';

const START_MS = 20_000;
const AGAIN_MS = 250;

/** For the start of a service: what is away may be starting as well. Throws when that lasts over 20 s, and what is no outage at once. */
export async function patiently<T>(work: () => Promise<T>): Promise<T> {
  for (const end = Date.now() + START_MS; ; await new Promise((resolve) => setTimeout(resolve, AGAIN_MS)))
    try {
      return await work();
    } catch (error) {
      if (Date.now() > end || !(error instanceof ServiceError)) throw error;
    }
}
