import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/** Clients that prove themselves by certificates, and to what the tokens of a client have to be bound. */
export class Certificates1763970000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys
        ADD certificate_subject jsonb,
        ADD token_binding text NOT NULL DEFAULT 'none' CHECK (token_binding IN ('none', 'dpop', 'certificate'))`);
    await createFindClient(queryRunner, [...COLUMNS, 'certificate_subject', 'token_binding']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await createFindClient(queryRunner, COLUMNS);
    await queryRunner.query('ALTER TABLE consumer_keys DROP certificate_subject, DROP token_binding');
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', 'token_endpoint_auth_method', 'jwks', 'jwks_uri'],
  ...['created_at', 'allowed_origins', 'access_token_policy'],
];
