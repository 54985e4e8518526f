import { createRevocationTable } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Whose tokens have ended: told to everyone who verifies tokens without asking the directory. */
export class Revocations1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createRevocationTable(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION living_revocations; DROP TABLE revocations`);
  }
}
