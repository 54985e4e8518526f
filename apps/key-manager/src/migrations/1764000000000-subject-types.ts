import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createFindClient } from './find-client';

/**
 * By what name a client knows its users (OpenID Connect Core 1.0 §8), whether it must push its requests (RFC 9126 §6), and whether
 * anybody of its organization knows it (RFC 9700 §4.11.2).
 */
export class SubjectTypes1764000000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys
        ADD subject_type text NOT NULL DEFAULT 'public' CHECK (subject_type IN ('public', 'pairwise')),
        ADD sector_identifier_uri text,
        ADD require_pushed_authorization_requests boolean NOT NULL DEFAULT false,
        ADD trusted boolean NOT NULL DEFAULT true`);
    await createFindClient(queryRunner, [...COLUMNS, 'subject_type']);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await createFindClient(queryRunner, COLUMNS);
    await queryRunner.query(`
      ALTER TABLE consumer_keys DROP subject_type, DROP sector_identifier_uri,
        DROP require_pushed_authorization_requests, DROP trusted`);
  }
}

const COLUMNS = [
  ...['kind', 'state', 'grant_types', 'token_type', 'public', 'rotate_refresh_tokens', 'access_token_lifetime'],
  ...['refresh_token_lifetime', 'password_grant_sunset', 'token_endpoint_auth_method', 'jwks', 'jwks_uri'],
  ...['created_at', 'allowed_origins', 'access_token_policy', 'certificate_subject', 'token_binding'],
];
