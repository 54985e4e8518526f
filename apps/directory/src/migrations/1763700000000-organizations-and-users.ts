import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFeedTables, isolate } from '@keyward/database';

/**
 * Who there is. `organizations` is not isolated: one is found by its key, or listed, before any organization is known.
 * It is never deleted, for its key may not be used again.
 * Keys of names are compared byte by byte (`C`), so that the order of pages does not depend on the server's locale.
 */
export class OrganizationsAndUsers1763700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE organizations (
        id uuid PRIMARY KEY,
        key text COLLATE "C" NOT NULL UNIQUE CHECK (key ~ '^[a-z0-9](-?[a-z0-9])*$' AND length(key) BETWEEN 2 AND 63),
        name text NOT NULL,
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
        password_grant boolean NOT NULL DEFAULT true,
        created_at timestamptz NOT NULL DEFAULT now()
      );
      CREATE TABLE users (
        organization_id uuid NOT NULL REFERENCES organizations,
        id uuid NOT NULL,
        username text NOT NULL,
        username_key text COLLATE "C" NOT NULL,
        password_hash text,
        state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'disabled', 'pending')),
        roles text[] NOT NULL DEFAULT '{}',
        credentials_changed_at timestamptz NOT NULL DEFAULT date_trunc('second', now()),
        created_at timestamptz NOT NULL DEFAULT now(),
        PRIMARY KEY (organization_id, id),
        UNIQUE (organization_id, username_key)
      );
      GRANT SELECT, INSERT, UPDATE ON organizations TO keyward_directory;
    `);
    await isolate(runner, 'users');
    await createFeedTables(runner);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP TABLE users, organizations, feed_positions, feed_changes;
      DROP FUNCTION append_change;
    `);
  }
}
