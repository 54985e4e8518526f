import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose words an organization's clients are answered in; who is not asked gets the standards'. */
export class CompatibilityProfiles1763940000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE organizations ADD COLUMN compatibility_profile text NOT NULL DEFAULT 'rfc'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE organizations DROP COLUMN compatibility_profile`);
  }
}
