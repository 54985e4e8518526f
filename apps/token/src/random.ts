import { randomFillSync } from 'node:crypto';

/** Fetched for many uses at once: one by one, they cost more than what they are for. */
const pool = Buffer.alloc(4096);
let used = pool.length;

/** So many random bytes, 4096 at most, that nobody else gets and nothing here remembers. */
export function random(length: number): Buffer {
  if (!(length <= pool.length)) throw new RangeError(`${length} random bytes at once`);
  if (used + length > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  const taken = Buffer.from(pool.subarray(used, used + length));
  pool.fill(0, used, used + length);
  used += length;
  return taken;
}
