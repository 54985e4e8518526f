import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/** From which pages' scripts a client may ask, and whether any client may from a page. */
export class AllowedOrigins1763850000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE consumer_keys ADD allowed_origins text[] NOT NULL DEFAULT '{}'`);
    await queryRunner.query('CREATE INDEX consumer_keys_origins ON consumer_keys USING gin (allowed_origins)');
    await createFindClient(queryRunner, [...COLUMNS, 'allowed_origins']);
    // A preflight names no client: what it may learn is that somebody registered this origin.
    await createLookup(queryRunner, {
      signature: 'is_known_origin(origin text)',
      returns: 'boolean',
      body: `SELECT EXISTS (SELECT FROM consumer_keys WHERE allowed_origins @> ARRAY[origin] AND state = 'active')`,
      reads: { consumer_keys: ['allowed_origins', 'state'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION is_known_origin(text)');
    await createFindClient(queryRunner, COLUMNS);
    await queryRunner.query('ALTER TABLE consumer_keys DROP allowed_origins');
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...[
    'refresh_token_lifetime',
    'password_grant_sunset',
    'token_endpoint_auth_method',
    'jwks',
    'jwks_uri',
    'created_at',
  ],
];
