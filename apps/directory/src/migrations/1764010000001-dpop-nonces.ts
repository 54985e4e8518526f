import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Organizations whose clients prove by DPoP that they hold a key now, and not that they held it once. */
export class DpopNonces1764010000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations ADD COLUMN dpop_nonce boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations DROP COLUMN dpop_nonce');
  }
}
