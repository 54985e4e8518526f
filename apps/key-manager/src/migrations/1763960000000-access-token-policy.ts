import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/** Whether a request gives new tokens, the ones that are alive, or new ones that end those before. */
export class AccessTokenPolicy1763960000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE consumer_keys ADD access_token_policy text NOT NULL DEFAULT 'new'`);
    await createFindClient(queryRunner, [...COLUMNS, 'access_token_policy']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await createFindClient(queryRunner, COLUMNS);
    await queryRunner.query('ALTER TABLE consumer_keys DROP access_token_policy');
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', 'token_endpoint_auth_method', 'jwks', 'jwks_uri'],
  ...['created_at', 'allowed_origins'],
];
