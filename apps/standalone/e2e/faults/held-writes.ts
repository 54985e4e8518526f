import { asAdmin } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';

const PATIENCE_MS = 10_000;

/**
 * Holds back whatever writes to a table while `work` is done, so that a process can be stopped or ended with a write under
 * way; `waiting` resolves when so many writes are. Resolves when the first of them is committed. A service waits 1.5 s.
 */
export async function holdWrites(
  adminUrl: string,
  table: string,
  work: (waiting: (writes: number) => Promise<void>) => Promise<void>,
): Promise<void> {
  await asAdmin(adminUrl, async (admin) => {
    const waiting = async (writes: number) => {
      const sql = 'SELECT count(DISTINCT pid)::int AS writes FROM pg_locks WHERE NOT granted';
      const end = Date.now() + PATIENCE_MS;
      while (((await admin.query<{ writes: number }>(sql)).rows[0]?.writes ?? 0) < writes) {
        if (Date.now() > end) throw new Error(`no ${writes} writes to ${table}`);
        await pause(5);
      }
    };
    const lock = `BEGIN; LOCK TABLE ${table} IN SHARE MODE`;
    await admin.query(lock);
    try {
      await work(waiting);
    } finally {
      await admin.query('COMMIT');
    }
    // Granted after those that waited before.
    await admin.query(lock);
    await admin.query('COMMIT');
  });
}
