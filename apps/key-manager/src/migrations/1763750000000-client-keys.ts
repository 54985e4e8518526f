import { createReplays, dropReplays } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/** How a client proves itself, its public keys, and which assertions have been used. */
export class ClientKeys1763750000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(
      'ALTER TABLE consumer_keys ADD token_endpoint_auth_method text, ADD jwks jsonb, ADD jwks_uri text',
    );
    // Row-level security holds whoever owns the table too: an UPDATE would find nothing to fill in, a change of type does.
    await queryRunner.query(`ALTER TABLE consumer_keys ALTER token_endpoint_auth_method TYPE text
      USING CASE WHEN public THEN 'none' ELSE 'client_secret_basic' END`);
    await queryRunner.query(`ALTER TABLE consumer_keys ALTER token_endpoint_auth_method SET NOT NULL,
      ADD CONSTRAINT public_without_secret CHECK (public = (token_endpoint_auth_method = 'none')),
      ADD CONSTRAINT keys_in_one_place CHECK (jwks IS NULL OR jwks_uri IS NULL)`);
    await createFindClient(queryRunner, COLUMNS);
    await createReplays(queryRunner);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await dropReplays(queryRunner);
    await createFindClient(
      queryRunner,
      COLUMNS.filter((column) => !ADDED.includes(column)),
    );
    await queryRunner.query(`ALTER TABLE consumer_keys ${ADDED.map((column) => `DROP ${column}`).join(', ')}`);
  }
}

const ADDED = ['token_endpoint_auth_method', 'jwks', 'jwks_uri'];
const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', ...ADDED],
];
