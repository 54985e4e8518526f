import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/** Which client may act for the users of another by token exchange (RFC 8693 §4.4). */
export class MayAct1764080000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('ALTER TABLE consumer_keys ADD may_act text');
    await createFindClient(queryRunner, [...COLUMNS, 'may_act']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await createFindClient(queryRunner, COLUMNS);
    await queryRunner.query('ALTER TABLE consumer_keys DROP may_act');
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', 'token_endpoint_auth_method', 'jwks', 'jwks_uri'],
  ...['created_at', 'allowed_origins', 'access_token_policy', 'certificate_subject', 'token_binding', 'subject_type'],
];
