import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Roles by themselves, so that there can be one that nobody has. Those that users have already are made. */
export class Roles1763700000010 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Under FORCE its owner sees no row; nobody else looks into this transaction.
    await runner.query(`
      CREATE TABLE roles (
        organization_id uuid NOT NULL REFERENCES organizations,
        name text COLLATE "C" NOT NULL,
        description text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, name)
      );
      ALTER TABLE users NO FORCE ROW LEVEL SECURITY;
      INSERT INTO roles SELECT DISTINCT organization_id, unnest(roles), '' FROM users;
      ALTER TABLE users FORCE ROW LEVEL SECURITY;
    `);
    await isolate(runner, 'roles');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE roles`);
  }
}
