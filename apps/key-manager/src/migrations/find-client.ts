import { createLookup } from '@keyward/database';
import type { QueryRunner } from 'typeorm';

/**
 * Migration: `find_client` with these columns of `consumer_keys` as one object, a row for each secret. Each migration names
 * all of them, so that a later one can add its own.
 */
export async function createFindClient(queryRunner: QueryRunner, columns: readonly string[]): Promise<void> {
  const key = columns.map((column) => `'${column}', k.${column}`).join(', ');
  await queryRunner.query('DROP FUNCTION IF EXISTS find_client(text)');
  await createLookup(queryRunner, {
    signature: 'find_client(client_id text)',
    returns: `TABLE (organization_id uuid, application_id uuid, multi_organization boolean, strict_scopes boolean,
      key jsonb, secret_id uuid, mac bytea, expires_at timestamptz)`,
    body: `SELECT k.organization_id, k.application_id, a.multi_organization, a.strict_scopes,
        jsonb_build_object(${key}), s.id, s.mac, s.expires_at
      FROM consumer_keys k
      JOIN applications a ON a.organization_id = k.organization_id AND a.id = k.application_id
      LEFT JOIN consumer_secrets s ON s.organization_id = k.organization_id AND s.consumer_key = k.consumer_key
      WHERE k.consumer_key = client_id`,
    reads: {
      applications: ['organization_id', 'id', 'multi_organization', 'strict_scopes'],
      consumer_keys: ['organization_id', 'consumer_key', 'application_id', ...columns],
      consumer_secrets: ['organization_id', 'consumer_key', 'id', 'mac', 'expires_at'],
    },
  });
}
