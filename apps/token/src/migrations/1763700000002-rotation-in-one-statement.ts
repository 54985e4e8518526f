import type { MigrationInterface, QueryRunner } from 'typeorm';
import { rotateFamily } from './refresh-functions';

/**
 * The common use of a refresh token is decided and done by one UPDATE, which takes the row's lock itself. Only what it does
 * not match is looked at under `FOR UPDATE`, which is a second write of the row and of its log record.
 */
export class RotationInOneStatement1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER FUNCTION rotate_refresh_family RENAME TO judge_refresh_token;
      ${rotateFamily()}
      REVOKE ALL ON FUNCTION rotate_refresh_family FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION rotate_refresh_family TO keyward_token;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION rotate_refresh_family;
      ALTER FUNCTION judge_refresh_token RENAME TO rotate_refresh_family;
    `);
  }
}
