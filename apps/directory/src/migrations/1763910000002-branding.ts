import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How an organization's pages look: what every page needs is in its record, the picture is by itself. */
export class Branding1763910000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE organizations ADD COLUMN colour text, ADD COLUMN logo text;
      COMMENT ON COLUMN organizations.logo IS 'digest of its bytes, which are in logos';
      CREATE TABLE logos (
        organization_id uuid PRIMARY KEY REFERENCES organizations,
        type text NOT NULL,
        bytes bytea NOT NULL
      );
    `);
    await isolate(runner, 'logos');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE logos; ALTER TABLE organizations DROP COLUMN colour, DROP COLUMN logo');
  }
}
