import { createLookup, isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Keys that open APIs by themselves; gateways hold them all by their hashes, so the snapshot reads them in pages. */
export class ApiKeys1763930000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE api_keys (
        organization_id uuid NOT NULL,
        id uuid NOT NULL,
        application_id uuid NOT NULL,
        name text NOT NULL,
        kind text NOT NULL CHECK (kind IN ('production', 'sandbox')),
        state text NOT NULL CHECK (state IN ('active', 'disabled')),
        hash bytea NOT NULL,
        addresses text[] NOT NULL,
        referrers text[] NOT NULL,
        expires_at timestamptz,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, id),
        FOREIGN KEY (organization_id, application_id) REFERENCES applications (organization_id, id) ON DELETE CASCADE
      );
      CREATE INDEX ON api_keys (organization_id, application_id);
      CREATE INDEX api_keys_id ON api_keys (id)`);
    await isolate(queryRunner, 'api_keys');
    const columns = ['organization_id', 'id', 'application_id', 'kind', 'hash', 'addresses', 'referrers', 'expires_at'];
    await createLookup(queryRunner, {
      signature: 'api_keys_after(last uuid, most int)',
      returns: `TABLE (organization_id uuid, id uuid, application_id uuid, kind text, hash bytea, addresses text[],
        referrers text[], expires_at timestamptz)`,
      body: `SELECT ${columns.map((column) => `k.${column}`).join(', ')} FROM api_keys k
        WHERE k.id > coalesce(last, '00000000-0000-0000-0000-000000000000') AND k.state = 'active'
        ORDER BY k.id LIMIT most`,
      reads: { api_keys: [...columns, 'state'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION api_keys_after(uuid, int); DROP TABLE api_keys');
  }
}
