import type { Call } from '@keyward/bus';
import type { HashingSettings } from '@keyward/runtime';
import { HashingPool } from './hashing-pool';
import { Passwords } from './passwords';

/** Logins take the time that is left over, and share it among themselves. */
const NICENESS = 10;

/** Starts the threads, and makes the hash that unknown users are compared with. */
export async function startHashing(settings: HashingSettings, call: Call) {
  const { memory, iterations, parallelism, concurrency, queue } = settings;
  const pool = new HashingPool({
    concurrency,
    queue,
    niceness: NICENESS,
    argon2: require.resolve('@node-rs/argon2'),
    options: { memoryCost: memory, timeCost: iterations, parallelism },
  });
  return { pool, passwords: await Passwords.start(pool, settings, call) };
}
