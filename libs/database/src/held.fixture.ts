import type { Client } from 'pg';
import { setTimeout as pause } from 'node:timers/promises';

/** As a statement or in one: waits for as long as a test holds it. */
export const HELD = 'pg_advisory_xact_lock(1)::text';

const WAITING = `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'`;

/** Holds back what waits for it, until the admin's connection is closed or lets go. */
export const hold = (admin: Client) => admin.query('SELECT pg_advisory_lock(1)');
export const release = (admin: Client) => admin.query('SELECT pg_advisory_unlock(1)');

/** Resolves with the backends that wait, once there are so many. */
export async function waiting(admin: Client, count: number): Promise<number[]> {
  for (;;) {
    const { rows } = await admin.query<{ pid: number }>(WAITING);
    if (rows.length >= count) return rows.map(({ pid }) => pid);
    await pause(5);
  }
}
