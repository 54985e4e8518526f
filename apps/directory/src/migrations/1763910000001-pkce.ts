import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whom an organization requires PKCE of: older clients that can keep a secret do not always know it. */
export class Pkce1763910000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE organizations ADD COLUMN pkce text NOT NULL DEFAULT 'all' CHECK (pkce IN ('all', 'public'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations DROP COLUMN pkce');
  }
}
