import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What came of the attempts to tell a client, for administrators; a notice that was given up is kept for a week, to be tried again. */
export class GivenUpNotices1764000000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE logout_notices ADD problem text');
    await createLookup(runner, {
      signature: 'old_logout_notices(p_before timestamptz, p_most int)',
      returns: 'TABLE (organization_id uuid, session_id uuid, client_id text)',
      body: `SELECT organization_id, session_id, client_id FROM logout_notices
        WHERE next_at = 'infinity' AND created_at < p_before LIMIT p_most`,
      reads: { logout_notices: ['organization_id', 'session_id', 'client_id', 'next_at', 'created_at'] },
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION old_logout_notices(timestamptz, int);
      DELETE FROM logout_notices WHERE next_at = 'infinity';
      ALTER TABLE logout_notices DROP problem;
    `);
  }
}
