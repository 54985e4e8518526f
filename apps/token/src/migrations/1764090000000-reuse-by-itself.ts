import type { MigrationInterface, QueryRunner } from 'typeorm';
import { judgeToken, rotateFamily } from './refresh-functions';

/**
 * Reuse ends its family in a statement of its own: to tell of it takes the feed's lock, and a statement that is joined goes on to
 * lock further families, whose own reuse may be waiting for the feed at another instance. Instances of before do not say what
 * they want, and end it at once as they did.
 */
export class ReuseByItself1764090000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(functions({ ends: true }));
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(functions({}));
  }
}

const functions = (knowing: { ends?: true }): string => `
  DROP FUNCTION rotate_refresh_family, judge_refresh_token;
  ${judgeToken({ session: true, ...knowing })} ${rotateFamily({ session: true, ...knowing })}
  GRANT EXECUTE ON FUNCTION judge_refresh_token, rotate_refresh_family TO keyward_token;
`;
