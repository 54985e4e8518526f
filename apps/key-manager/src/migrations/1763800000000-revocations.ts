import { createRevocationTable } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/**
 * Consumer keys whose tokens have ended, told to everyone who verifies tokens without asking the key manager; and with a
 * client goes when its consumer key was made, so that one imported again does not revive what was issued to its namesake.
 */
export class Revocations1763800000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createRevocationTable(queryRunner);
    await createFindClient(queryRunner, [...COLUMNS, 'created_at']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION living_revocations; DROP TABLE revocations`);
    await createFindClient(queryRunner, COLUMNS);
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', 'token_endpoint_auth_method', 'jwks', 'jwks_uri'],
];
