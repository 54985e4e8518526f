import { hashSync, parseOptions } from '@node-rs/argon2';
import { startCall } from '@keyward/bus';
import { HashingSettings } from '@keyward/runtime';
import { readdirSync, readFileSync } from 'node:fs';
import { getPriority } from 'node:os';
import { startHashing } from './hashing';
import { HashingPool, type HashingPoolOptions } from './hashing-pool';
import type { HashingJob } from './hashing-thread';

const argon2 = require.resolve('@node-rs/argon2');
const options = { memoryCost: 1024, timeCost: 1, parallelism: 1 };
const call = () => startCall(30_000);

const pools: HashingPool[] = [];
afterEach(() => Promise.all(pools.splice(0).map((pool) => pool.close())));

function poolOf(given: Partial<HashingPoolOptions> = {}): HashingPool {
  const pool = new HashingPool({ concurrency: 1, queue: 8, niceness: 10, argon2, options, ...given });
  pools.push(pool);
  return pool;
}

const codes = async (work: Promise<unknown>[]) =>
  (await Promise.allSettled(work)).map((one) =>
    one.status === 'fulfilled' ? 'done' : (one.reason as { code: string }).code,
  );

describe('the hashing pool', () => {
  it.each(['plain', 'with\0nul', '\u{1F600} emoji', ' blanks ', 'a'.repeat(1024)])(
    'C-01 verifies exactly %j',
    async (password) => {
      const pool = poolOf();
      const result = await pool.run({ password }, call());
      const phc = 'phc' in result ? result.phc : '';
      expect(phc).toMatch(/^\$argon2id\$v=19\$m=1024,t=1,p=1\$[A-Za-z0-9+/]{22}\$[A-Za-z0-9+/]{43}$/);
      expect(await pool.run({ password, phc }, call())).toEqual({ matches: true });
      for (const other of [`${password} `, password.slice(0, -1), password.toUpperCase() + 'x', password.trim() + '\0'])
        expect(await pool.run({ password: other, phc }, call())).toEqual({ matches: false });
    },
  );

  it('tells what cannot be verified', async () => {
    expect(await poolOf().run({ password: 'x', phc: 'no hash' }, call())).toHaveProperty('failure');
  });

  it('C-02 admits as much as may run and wait, and sheds the rest at once', async () => {
    const pool = poolOf({ concurrency: 2, queue: 3 });
    const many = Array.from({ length: 20 }, () => pool.admit(() => pool.run({ password: 'x' }, call())));
    const ended = await codes(many);
    expect(ended.filter((code) => code === 'done')).toHaveLength(5);
    expect(ended.filter((code) => code === 'temporarily_unavailable')).toHaveLength(15);
    await expect(many.at(-1)).rejects.toMatchObject({ retryAfter: 1 });
    expect(await codes([pool.admit(() => pool.run({ password: 'x' }, call()))])).toEqual(['done']);
  });

  it('C-02 does not let a call wait longer than it has time', async () => {
    // Runs for a good tenth of a second.
    const pool = poolOf({ options: { ...options, timeCost: 4, memoryCost: 65536 } });
    const running = pool.run({ password: 'x' }, call());
    const waiting = [startCall(110), startCall(0), call()].map((one) => pool.run({ password: 'x' }, one));
    expect(await codes([running, ...waiting])).toEqual([
      'done',
      'temporarily_unavailable',
      'temporarily_unavailable',
      'done',
    ]);
  });

  it('replaces a thread that ends: only its job is lost', async () => {
    const pool = poolOf();
    const jobs = ['lost', 'kept', 'kept'].map((password) => pool.run({ password }, call()));
    const [thread] = (pool as unknown as { running: Map<{ terminate(): Promise<number> }, unknown> }).running.keys();
    await thread?.terminate();
    expect(await codes(jobs)).toEqual(['temporarily_unavailable', 'done', 'done']);
  });

  it('fails what waits and what runs when it is closed, and everything after', async () => {
    const pool = poolOf();
    const jobs = [pool.run({ password: 'x' }, call()), pool.run({ password: 'x' }, call())];
    const ended = codes(jobs);
    await pool.close();
    expect(await ended).toEqual(['temporarily_unavailable', 'temporarily_unavailable']);
    expect(await codes([pool.run({ password: 'x' }, call())])).toEqual(['temporarily_unavailable']);
  });

  it('gives a thread several at once when many wait, and each gets its own answer', async () => {
    const pool = poolOf({ concurrency: 2, queue: 40 });
    const given: number[] = [];
    const { running } = pool as unknown as { running: Map<object, unknown[]> };
    const set = running.set.bind(running);
    running.set = (thread, batch) => {
      if (batch.length > 0) given.push(batch.length);
      return set(thread, batch);
    };
    const [right, wrong] = ['right', 'wrong'];
    const made = await pool.run({ password: right }, call());
    const phc = 'phc' in made ? made.phc : '';
    const asked = Array.from({ length: 40 }, (_, n) => (n % 3 ? right : wrong));
    const answers = await Promise.all(asked.map((password) => pool.run({ password, phc }, call())));
    expect(answers).toEqual(asked.map((password) => ({ matches: password === right })));
    expect(Math.max(...given)).toBe(8);
    expect(given.at(-1)).toBe(1);
  });

  it('hashes in threads that yield to all others, and in these alone', async () => {
    const before = getPriority();
    await poolOf({ concurrency: 1, niceness: 7 }).run({ password: 'x' }, call());
    expect(getPriority()).toBe(before);
    expect(threadsOf(7)).toHaveLength(process.platform === 'linux' ? 1 : 0);
  });
});

/** The threads of this process that are so nice: the nineteenth field of proc_pid_stat(5), of which the third is the first after the name. */
function threadsOf(niceness: number): string[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc/self/task').filter((task) => {
    const fields = readFileSync(`/proc/self/task/${task}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? [];
    return Number(fields[19 - 3]) === niceness;
  });
}

describe('passwords', () => {
  it('BF-06 compares a user without a hash with one of the same parameters, and never matches', async () => {
    const settings = Object.assign(new HashingSettings(), { concurrency: 1 });
    const { pool, passwords } = await startHashing(settings, call());
    pools.push(pool);
    const jobs: unknown[] = [];
    const run = pool.run.bind(pool);
    pool.run = (job, one) => {
      jobs.push(job);
      return run(job, one);
    };
    expect(await passwords.verify(null, 'any', call())).toBe(false);
    expect(jobs).toEqual([{ password: 'any', phc: expect.stringMatching(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/) }]);
  });

  it('BF-06 computes beside a hash of before what it costs less than one of now, and nothing beside one that costs more', async () => {
    const settings = Object.assign(new HashingSettings(), { concurrency: 1, memory: 8192, iterations: 3 });
    const { pool, passwords } = await startHashing(settings, call());
    pools.push(pool);
    const jobs: HashingJob[] = [];
    const run = pool.run.bind(pool);
    pool.run = (job, one) => {
      jobs.push(job);
      return run(job, one);
    };
    const before = [
      { memoryCost: 2432, timeCost: 2 },
      { memoryCost: 1024, timeCost: 1 },
      { memoryCost: 8191, timeCost: 3 },
      { memoryCost: 8192, timeCost: 4 },
    ];
    for (const lower of before) {
      const phc = hashSync('right', { ...lower, parallelism: 1 });
      expect(await passwords.verify(phc, 'right', call())).toBe(true);
      expect(await passwords.verify(phc, 'wrong', call())).toBe(false);
    }
    const written = ({ memoryCost, timeCost }: { memoryCost: number; timeCost: number }) => memoryCost * timeCost;
    jobs.slice(0, 4).forEach(({ phc = '', beside = '' }) => {
      const missing = 8192 * 3 - written(parseOptions(phc)) - written(parseOptions(beside));
      expect([0, 1, 2]).toContain(missing);
    });
    expect(jobs.slice(4).map(({ beside }) => beside)).toEqual([undefined, undefined, undefined, undefined]);
    expect(await pool.run({ ...jobs[0]!, beside: 'no hash' }, call())).toHaveProperty('failure');
  });

  it('C-03 knows a hash that was made with other parameters', async () => {
    const settings = Object.assign(new HashingSettings(), { concurrency: 1 });
    const { pool, passwords } = await startHashing(settings, call());
    pools.push(pool);
    expect(passwords.isOutdated(await passwords.hash('x', call()))).toBe(false);
    const other = await poolOf().run({ password: 'x' }, call());
    expect(passwords.isOutdated('phc' in other ? other.phc : '')).toBe(true);
  });
});
