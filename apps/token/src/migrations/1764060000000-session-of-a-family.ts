import type { MigrationInterface, QueryRunner } from 'typeorm';
import { redeemDevice } from './1763900000000-devices';
import { codeFunctions } from './code-functions';
import { insertFamily, judgeToken, rotateFamily } from './refresh-functions';

/**
 * A family knows the session that it came from, so that ID tokens of a refresh have the first one's `sid` (OpenID Connect
 * Back-Channel Logout 1.0 §2.1). Every function takes what it took and gives what it gave, and the session beside it, so that
 * instances of before go on. Families of before have none: whose their sessions were is not asked of a million rows.
 */
export class SessionOfAFamily1764060000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE refresh_families ADD COLUMN session_id uuid;
      COMMENT ON COLUMN refresh_families.session_id IS 'of its organization’s pages, if it began there';
      ${functions({ session: true })}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`${functions({})} ALTER TABLE refresh_families DROP COLUMN session_id`);
  }
}

/** The one of two of its name that inserts. */
const INSERT = `insert_refresh_family(uuid, date, uuid, text, uuid, uuid, bytea, text, bigint, text[], timestamptz,
  timestamptz, timestamptz, bytea`;

const functions = (knowing: { session?: true }): string => `
  DROP FUNCTION rotate_refresh_family, judge_refresh_token, insert_code, redeem_code, redeem_device_code,
    ${INSERT}${knowing.session ? '' : ', uuid'});
  ${insertFamily(knowing)} ${judgeToken(knowing)} ${rotateFamily(knowing)}
  ${codeFunctions({ claims: true, key: true, ...knowing })} ${redeemDevice(knowing)}
  GRANT EXECUTE ON FUNCTION ${INSERT}${knowing.session ? ', uuid' : ''}), judge_refresh_token, rotate_refresh_family,
    insert_code, redeem_code, redeem_device_code TO keyward_token;
`;
