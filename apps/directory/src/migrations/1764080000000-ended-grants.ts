import type { MigrationInterface, QueryRunner } from 'typeorm';

/** When an administrator ended all that a user had granted: it stays so where a changed password alone would not do it. */
export class EndedGrants1764080000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users ADD COLUMN grants_ended_at timestamptz');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE users DROP COLUMN grants_ended_at');
  }
}
