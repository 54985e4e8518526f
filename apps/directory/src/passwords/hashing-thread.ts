import type * as Argon2 from '@node-rs/argon2';
import type * as ChildProcess from 'node:child_process';
import type * as Fs from 'node:fs';
import type * as Os from 'node:os';
import type * as Threads from 'node:worker_threads';

/** One password to hash, or to verify against a PHC string. */
export interface HashingJob {
  password: string;
  /** Absent: hash. */
  phc?: string;
}

/** What a thread answers: a PHC string, whether the password matched, or what went wrong. */
export type HashingResult = { phc: string } | { matches: boolean } | { failure: string };

/** What a thread is started with. */
export interface HashingThreadData {
  /** Where `@node-rs/argon2` is: a thread made of text resolves no names. */
  argon2: string;
  /** The algorithm is the library's default, argon2id. */
  options: Argon2.Options;
  /** Unix niceness where there is no idle scheduling: 0 is usual, 19 the least urgent. */
  niceness: number;
}

/**
 * What runs in a hashing thread. It is started as text, so that it is the same compiled and in tests: it may use nothing
 * but `require` and what that gives.
 */
function hashPasswords(require: NodeJS.Require): void {
  const threads = require('node:worker_threads') as typeof Threads;
  const os = require('node:os') as typeof Os;
  const fs = require('node:fs') as typeof Fs;
  const { execFileSync } = require('node:child_process') as typeof ChildProcess;
  const { argon2, options, niceness } = threads.workerData as HashingThreadData;
  const { hashSync, verifySync } = require(argon2) as typeof Argon2;

  // On Linux this is the priority of the calling thread alone; elsewhere it would be that of the whole process.
  if (process.platform === 'linux') {
    os.setPriority(0, niceness);
    // A nice thread keeps its core for a slice, an idle one yields it at once (sched(7)): a request of another grant, which
    // wakes ten processes one after the other, would wait as many slices.
    try {
      const thread = fs.readlinkSync('/proc/thread-self').split('/').pop() ?? '';
      execFileSync('chrt', ['--idle', '--pid', '0', thread], { stdio: 'ignore' });
    } catch {
      // Without util-linux, or where it is forbidden, being nice must do.
    }
  }

  const answer = ({ password, phc }: HashingJob): HashingResult => {
    try {
      return phc === undefined ? { phc: hashSync(password, options) } : { matches: verifySync(phc, password) };
    } catch (error) {
      return { failure: (error as Error).message };
    }
  };
  const main = threads.parentPort;
  main?.on('message', (jobs: HashingJob[]) => main.postMessage(jobs.map(answer)));
}

/** The source of a hashing thread, for `new Worker(…, { eval: true })`. */
export const HASHING_THREAD = `(${hashPasswords.toString()})(require);`;
