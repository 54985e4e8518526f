import { randomBytes } from 'node:crypto';
import { open } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { codeFunctions, GRANT_CODE_FUNCTIONS } from './code-functions';

/**
 * The key of the nonces for DPoP proofs, and codes that are bound to a DPoP key ahead (RFC 9449 §8, §10). The key is stored as it
 * is: who reads it can make nonces, which say nothing but that a proof is fresh.
 */
export class DpopNonces1764010000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE dpop_nonce_keys (
        id int PRIMARY KEY CHECK (id = 1),
        key bytea NOT NULL
      )`);
    await runner.query('INSERT INTO dpop_nonce_keys (id, key) VALUES (1, $1)', [randomBytes(32)]);
    await open(runner, 'dpop_nonce_keys');
    await runner.query(`
      ALTER TABLE authorization_codes ADD COLUMN dpop_jkt text;
      DROP FUNCTION insert_code, redeem_code;
      ${codeFunctions({ claims: true, key: true })} ${GRANT_CODE_FUNCTIONS}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_code, redeem_code;
      ${codeFunctions({ claims: true })} ${GRANT_CODE_FUNCTIONS}
      ALTER TABLE authorization_codes DROP COLUMN dpop_jkt;
      DROP TABLE dpop_nonce_keys`);
  }
}
