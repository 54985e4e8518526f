import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Clients that have registered themselves, and the tokens that let them; of both kinds of tokens the hashes alone. */
export class ClientRegistrations1764010000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE initial_access_tokens (
        organization_id uuid NOT NULL,
        id uuid NOT NULL,
        description text NOT NULL,
        hash bytea NOT NULL,
        max_uses int NOT NULL,
        uses int NOT NULL CHECK (uses BETWEEN 0 AND max_uses),
        expires_at timestamptz NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, id),
        UNIQUE (organization_id, hash)
      )`);
    // An owner's clients have names: who asks for the same one again means the client that is there.
    await queryRunner.query(`
      CREATE TABLE client_registrations (
        organization_id uuid NOT NULL,
        consumer_key text COLLATE "C" NOT NULL,
        registered_by text NOT NULL CHECK (registered_by IN ('token', 'open', 'user')),
        token_id uuid,
        owner uuid,
        owned_name text,
        about jsonb NOT NULL,
        access_token_hash bytea,
        address_slot int NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, consumer_key),
        UNIQUE (organization_id, owner, owned_name),
        FOREIGN KEY (organization_id, consumer_key) REFERENCES consumer_keys ON DELETE CASCADE
      );
      CREATE INDEX ON client_registrations (organization_id, created_at)`);
    for (const table of ['initial_access_tokens', 'client_registrations']) await isolate(queryRunner, table);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE client_registrations, initial_access_tokens');
  }
}
