import type * as Argon2 from '@node-rs/argon2';
import type * as Os from 'node:os';
import type * as Threads from 'node:worker_threads';

/** One password to hash, or to verify against a PHC string. */
export interface HashingJob {
  password: string;
  /** Absent: hash. */
  phc?: string;
  /** A further one to compute after it, for the time that this takes alone. */
  beside?: string;
}

/** What a thread answers: a PHC string, whether the password matched, or what went wrong. */
export type HashingResult = { phc: string } | { matches: boolean } | { failure: string };

/** What a thread is started with. */
export interface HashingThreadData {
  /** Where `@node-rs/argon2` is: a thread made of text resolves no names. */
  argon2: string;
  /** The algorithm is the library's default, argon2id. */
  options: Argon2.Options;
  /** Unix niceness: 0 is usual, 19 the least urgent. */
  niceness: number;
}

/**
 * What runs in a hashing thread. It is started as text, so that it is the same compiled and in tests: it may use nothing
 * but `require` and what that gives.
 */
function hashPasswords(require: NodeJS.Require): void {
  const threads = require('node:worker_threads') as typeof Threads;
  const os = require('node:os') as typeof Os;
  const { argon2, options, niceness } = threads.workerData as HashingThreadData;
  const { hashSync, verifySync } = require(argon2) as typeof Argon2;

  // On Linux this is the priority of the calling thread alone; elsewhere it would be that of the whole process. Not idle
  // scheduling: logins would starve on a machine that others keep busy.
  if (process.platform === 'linux') os.setPriority(0, niceness);

  const answer = ({ password, phc, beside }: HashingJob): HashingResult => {
    try {
      if (phc === undefined) return { phc: hashSync(password, options) };
      const matches = verifySync(phc, password);
      if (beside !== undefined) verifySync(beside, password);
      return { matches };
    } catch (error) {
      return { failure: (error as Error).message };
    }
  };
  const main = threads.parentPort;
  main?.on('message', (jobs: HashingJob[]) => main.postMessage(jobs.map(answer)));
}

/** The source of a hashing thread, for `new Worker(…, { eval: true })`. */
export const HASHING_THREAD = `(${hashPasswords.toString()})(require);`;
