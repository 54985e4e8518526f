import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Clients are told of ended sessions in turn by their organizations: one whose servers do not answer, however many it has, holds up no
 * other one (MT-22).
 */
export class NoticesInTurn1764070000000 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    return replaceBy(
      runner,
      `SELECT organization_id, session_id, client_id FROM (
          SELECT *, row_number() OVER (PARTITION BY organization_id ORDER BY next_at) AS turn FROM (${OF_EACH}) AS due
          WHERE n <= p_each) AS fair
        ORDER BY turn, next_at LIMIT p_most`,
    );
  }

  down(runner: QueryRunner): Promise<void> {
    return replaceBy(
      runner,
      `SELECT organization_id, session_id, client_id FROM (${OF_EACH}) AS due
        WHERE n <= p_each ORDER BY next_at LIMIT p_most`,
    );
  }
}

/** A few of each client: one that does not answer holds up nobody else's (BL-04). */
const OF_EACH = `SELECT organization_id, session_id, client_id, next_at,
  row_number() OVER (PARTITION BY organization_id, client_id ORDER BY next_at) AS n
  FROM logout_notices WHERE next_at <= p_now`;

async function replaceBy(runner: QueryRunner, body: string): Promise<void> {
  await runner.query('DROP FUNCTION due_logout_notices(timestamptz, int, int)');
  await createLookup(runner, {
    signature: 'due_logout_notices(p_now timestamptz, p_each int, p_most int)',
    returns: 'TABLE (organization_id uuid, session_id uuid, client_id text)',
    body,
    reads: { logout_notices: ['organization_id', 'session_id', 'client_id', 'next_at'] },
  });
}
