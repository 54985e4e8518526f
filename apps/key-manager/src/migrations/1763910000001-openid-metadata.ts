import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What OpenID Connect lets a client choose, under the names of its registration: how it is told, and what is signed how. */
export class OpenIdMetadata1763910000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys
        ADD COLUMN backchannel_logout_uri text,
        ADD COLUMN id_token_signed_response_alg text NOT NULL DEFAULT 'RS256'
          CHECK (id_token_signed_response_alg IN ('RS256', 'ES256')),
        ADD COLUMN userinfo_signed_response_alg text CHECK (userinfo_signed_response_alg IN ('RS256', 'ES256'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys DROP COLUMN backchannel_logout_uri, DROP COLUMN id_token_signed_response_alg,
        DROP COLUMN userinfo_signed_response_alg`);
  }
}
