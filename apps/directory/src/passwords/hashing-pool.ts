import { Worker } from 'node:worker_threads';
import { ServiceError } from '@keyward/contracts';
import { timeLeft, type Call } from '@keyward/bus';
import { HASHING_THREAD, type HashingJob, type HashingResult, type HashingThreadData } from './hashing-thread';

/** What is left of a call's time for everything after hashing. */
const MARGIN_MS = 100;

const overloaded = (description: string) => new ServiceError('temporarily_unavailable', description, { retryAfter: 1 });

/** How much hashing is done at once, and how. */
export interface HashingPoolOptions extends HashingThreadData {
  /** Threads; each computes one hash after the other. */
  concurrency: number;
  /** How many more may be admitted and wait. */
  queue: number;
}

/** Jobs that a thread is given at once when many wait. */
const BATCH = 8;

interface Waiting {
  job: HashingJob;
  resolve: (result: HashingResult) => void;
  reject: (error: Error) => void;
  tooLate: NodeJS.Timeout;
}

/**
 * Computes password hashes in threads of low priority, so that logins never slow what else the machine does. Admits
 * only as much work as can wait, and sheds the rest at once.
 */
export class HashingPool {
  private admitted = 0;
  private closed = false;
  private readonly waiting: Waiting[] = [];
  private readonly idle: Worker[] = [];
  private readonly running = new Map<Worker, Waiting[]>();

  constructor(private readonly options: HashingPoolOptions) {}

  /** Does work that needs hashes, or throws `temporarily_unavailable` when as much is being done as may be. */
  async admit<T>(work: () => Promise<T>): Promise<T> {
    if (this.admitted >= this.options.concurrency + this.options.queue) throw overloaded('too many sign-ins at once');
    this.admitted++;
    try {
      return await work();
    } finally {
      this.admitted--;
    }
  }

  /** Computes one job. Throws `temporarily_unavailable` when its turn does not come in time for `call`. */
  run(job: HashingJob, call: Call): Promise<HashingResult> {
    if (this.closed) return Promise.reject(overloaded('stopping'));
    return new Promise((resolve, reject) => {
      const tooLate = setTimeout(() => this.giveUp(waiting), Math.max(0, timeLeft(call) - MARGIN_MS));
      const waiting: Waiting = { job, resolve, reject, tooLate };
      this.waiting.push(waiting);
      this.next();
    });
  }

  /** Ends the threads; what waits fails. */
  async close(): Promise<void> {
    this.closed = true;
    for (const waiting of [...this.waiting]) this.giveUp(waiting);
    await Promise.all([...this.running.keys()].map((thread) => thread.terminate()));
  }

  /**
   * When many wait, a thread gets several at once and answers them together: a machine that hashes on every core finds its
   * caches cold whenever it does anything else, so it does less often more of it.
   */
  private next(): void {
    while (this.waiting.length > 0) {
      const thread = this.idle.pop() ?? this.start();
      if (!thread) return;
      const share = Math.ceil(this.waiting.length / this.options.concurrency / 2);
      const batch = this.waiting.splice(0, Math.min(share, BATCH));
      for (const { tooLate } of batch) clearTimeout(tooLate);
      this.running.set(thread, batch);
      thread.postMessage(batch.map(({ job }) => job));
    }
  }

  /** A new thread while there are fewer than allowed; also the one after a crash. */
  private start(): Worker | undefined {
    const { concurrency, argon2, options, niceness } = this.options;
    if (this.closed || this.running.size >= concurrency) return undefined;
    const workerData: HashingThreadData = { argon2, options, niceness };
    const thread = new Worker(HASHING_THREAD, { eval: true, name: 'hashing', workerData, resourceLimits });
    this.running.set(thread, []);
    thread.on('message', (results: HashingResult[]) => this.finish(thread, results));
    thread.on('error', () => undefined); // 'exit' follows
    thread.on('exit', () => this.lose(thread));
    return thread;
  }

  private finish(thread: Worker, results: HashingResult[]): void {
    const batch = this.running.get(thread) ?? [];
    this.running.set(thread, []);
    this.idle.push(thread);
    this.next();
    batch.forEach(({ resolve }, n) => resolve(results[n] ?? { failure: 'no answer' }));
  }

  /** A thread has ended: its jobs are lost, the others go on in a new one. */
  private lose(thread: Worker): void {
    for (const { reject } of this.running.get(thread) ?? []) reject(overloaded('hashing was interrupted'));
    this.running.delete(thread);
    this.idle.splice(0, this.idle.length, ...this.idle.filter((other) => other !== thread));
    this.next();
  }

  private giveUp(waiting: Waiting): void {
    clearTimeout(waiting.tooLate);
    this.waiting.splice(this.waiting.indexOf(waiting), 1);
    waiting.reject(overloaded('too many sign-ins at once'));
  }
}

/** A thread holds one password and one hash; argon2's memory is outside the heap. */
const resourceLimits = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 2, stackSizeMb: 1 };
