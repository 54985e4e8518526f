import type { MigrationInterface, QueryRunner } from 'typeorm';
import { codeFunctions, GRANT_CODE_FUNCTIONS } from './code-functions';

/** The claims that a client asks for by name (OpenID Connect Core 1.0 §5.5): a code knows them all, its family those of UserInfo. */
export class RequestedClaims1764000000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE authorization_codes ADD claims jsonb;
      ALTER TABLE refresh_families ADD userinfo_claims text[];
      DROP FUNCTION insert_code, redeem_code;
      ${codeFunctions({ claims: true })} ${GRANT_CODE_FUNCTIONS}
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_code, redeem_code;
      ${codeFunctions()} ${GRANT_CODE_FUNCTIONS}
      ALTER TABLE refresh_families DROP userinfo_claims;
      ALTER TABLE authorization_codes DROP claims;
    `);
  }
}
