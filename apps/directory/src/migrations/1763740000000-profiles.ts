import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a user is called and how to reach it: the standard claims of OpenID Connect, under their names there. */
export class Profiles1763740000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users ADD COLUMN profile jsonb NOT NULL DEFAULT '{}'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE users DROP COLUMN profile`);
  }
}
