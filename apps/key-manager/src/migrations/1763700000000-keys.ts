import { createFeedTables, createLookup, isolate, open } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Applications, their consumer keys and secrets, and the organizations' signing keys. Names that lists are ordered by
 * are compared byte by byte, so that pages do not depend on the server's locale.
 */
export class Keys1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of [APPLICATIONS, CONSUMER_KEYS, CONSUMER_SECRETS, SIGNING_KEYS, SEALED_SECRETS, FAILURE_BUCKETS])
      await queryRunner.query(table);
    for (const table of ['applications', 'consumer_keys', 'consumer_secrets', 'signing_keys'])
      await isolate(queryRunner, table);
    for (const table of ['sealed_secrets', 'failure_buckets']) await open(queryRunner, table);
    await createFeedTables(queryRunner);

    await createLookup(queryRunner, {
      signature: 'find_client(client_id text)',
      returns: `TABLE (organization_id uuid, application_id uuid, kind text, active boolean, grant_types text[],
        token_type text, public boolean, multi_organization boolean, strict_scopes boolean,
        rotate_refresh_tokens boolean, access_token_lifetime int, refresh_token_lifetime int,
        password_grant_sunset timestamptz, secret_id uuid, mac bytea, expires_at timestamptz)`,
      body: `SELECT k.organization_id, k.application_id, k.kind, k.state = 'active', k.grant_types, k.token_type,
          k.public, a.multi_organization, a.strict_scopes, k.rotate_refresh_tokens, k.access_token_lifetime,
          k.refresh_token_lifetime, k.password_grant_sunset, s.id, s.mac, s.expires_at
        FROM consumer_keys k
        JOIN applications a ON a.organization_id = k.organization_id AND a.id = k.application_id
        LEFT JOIN consumer_secrets s ON s.organization_id = k.organization_id AND s.consumer_key = k.consumer_key
        WHERE k.consumer_key = client_id`,
      reads: {
        applications: ['organization_id', 'id', 'multi_organization', 'strict_scopes'],
        consumer_keys: [
          'organization_id, consumer_key, application_id, kind, state, grant_types, token_type, public',
          'rotate_refresh_tokens, access_token_lifetime, refresh_token_lifetime, password_grant_sunset',
        ],
        consumer_secrets: ['organization_id', 'consumer_key', 'id', 'mac', 'expires_at'],
      },
    });
    await createLookup(queryRunner, {
      signature: 'organizations_with_due_keys(due_before timestamptz, gone_before timestamptz)',
      returns: 'SETOF uuid',
      body: `SELECT DISTINCT organization_id FROM signing_keys
        WHERE expires_at IS NULL AND activates_at <= due_before OR expires_at <= gone_before`,
      reads: { signing_keys: ['organization_id', 'activates_at', 'expires_at'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION find_client(text), organizations_with_due_keys(timestamptz, timestamptz),
        append_change(text, text, jsonb);
      DROP TABLE consumer_secrets, consumer_keys, applications, signing_keys, sealed_secrets, failure_buckets,
        feed_changes, feed_positions`);
  }
}

const APPLICATIONS = `
  CREATE TABLE applications (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    multi_organization boolean NOT NULL,
    strict_scopes boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name)
  )`;

// A client_id must name one client of all organizations (RFC 6749 §2.2), hence the one key without organization_id. What it
// tells others is the answer `conflict` to an import of exactly this key; generated keys cannot be guessed.
const CONSUMER_KEYS = `
  CREATE TABLE consumer_keys (
    organization_id uuid NOT NULL,
    consumer_key text COLLATE "C" NOT NULL,
    application_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('production', 'sandbox')),
    state text NOT NULL CHECK (state IN ('active', 'disabled')),
    grant_types text[] NOT NULL,
    token_type text NOT NULL CHECK (token_type IN ('jwt', 'opaque')),
    public boolean NOT NULL,
    rotate_refresh_tokens boolean NOT NULL CHECK (rotate_refresh_tokens OR NOT public),
    access_token_lifetime int,
    refresh_token_lifetime int,
    password_grant_sunset timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, consumer_key),
    CONSTRAINT consumer_keys_everywhere UNIQUE (consumer_key),
    FOREIGN KEY (organization_id, application_id) REFERENCES applications ON DELETE CASCADE
  );
  CREATE INDEX ON consumer_keys (organization_id, application_id, consumer_key)`;

const CONSUMER_SECRETS = `
  CREATE TABLE consumer_secrets (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    consumer_key text COLLATE "C" NOT NULL,
    mac bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    last_used_at timestamptz,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, consumer_key) REFERENCES consumer_keys ON DELETE CASCADE
  );
  CREATE INDEX ON consumer_secrets (organization_id, consumer_key)`;

const SIGNING_KEYS = `
  CREATE TABLE signing_keys (
    organization_id uuid NOT NULL,
    kid text NOT NULL,
    public_jwk jsonb NOT NULL,
    kek_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    ciphertext bytea NOT NULL,
    published_at timestamptz NOT NULL,
    activates_at timestamptz NOT NULL,
    expires_at timestamptz,
    PRIMARY KEY (organization_id, kid)
  )`;

const SEALED_SECRETS = `
  CREATE TABLE sealed_secrets (
    purpose text PRIMARY KEY,
    kek_id text NOT NULL,
    wrapped_key bytea NOT NULL,
    ciphertext bytea NOT NULL
  )`;

// At most 65,536 rows of each kind, updated in place: room is left in the pages for it.
const FAILURE_BUCKETS = `
  CREATE TABLE failure_buckets (
    kind text NOT NULL CHECK (kind IN ('address', 'client')),
    slot int NOT NULL CHECK (slot BETWEEN 0 AND 65535),
    failures int NOT NULL,
    window_ends timestamptz NOT NULL,
    PRIMARY KEY (kind, slot)
  ) WITH (fillfactor = 70)`;
