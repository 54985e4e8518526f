import type { EntityManager } from 'typeorm';

/**
 * Before what a user has granted is ended: a password that is being verified is settled under the same row's lock, and so
 * either before this, at an earlier time than grants end by, or after it, when it comes to nothing.
 */
export async function holdAttempts(manager: EntityManager, organizationId: string, id: string): Promise<void> {
  await manager.query(
    `INSERT INTO account_attempts AS held (organization_id, account) VALUES ($1, $2)
       ON CONFLICT (organization_id, account) DO UPDATE SET failures = held.failures`,
    [organizationId, id],
  );
}

/** Opens an account at once; attempts that are being verified are counted when they are settled. */
export async function forgetFailures(manager: EntityManager, organizationId: string, id: string): Promise<void> {
  await manager.query(
    `UPDATE account_attempts SET failures = 0, streak = 0, failed_at = NULL, locked_until = NULL
     WHERE organization_id = $1 AND account = $2`,
    [organizationId, id],
  );
}
