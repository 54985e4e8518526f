import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Organizations whose clients have keys of their own, and whose tokens are of use to nobody else. */
export class HighAssurance1763920000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations ADD COLUMN high_assurance boolean NOT NULL DEFAULT false');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations DROP COLUMN high_assurance');
  }
}
