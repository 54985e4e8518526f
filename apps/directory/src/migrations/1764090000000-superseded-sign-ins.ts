import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A sign-in whose user was disabled, or had its grants ended, while the password was being verified comes to nothing (RT-10);
 * any other is told when it was, by the clock that says when grants were ended. Instances of before go on with the
 * function that they know, which takes a parameter less.
 */
export class SupersededSignIns1764090000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(SETTLE_UNLESS_SUPERSEDED);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION ${SIGNATURE}`);
  }
}

const SIGNATURE = 'settle_attempt(uuid, text, uuid, text, bigint, text, int, int, float8)';

/**
 * As before, and answers to `right` when the user has proven who it is, Unix seconds. It is nothing where the user is not as
 * begin_attempt has found it: who ends grants locks the account's row first, so either that is seen here, or it is later than this.
 */
const SETTLE_UNLESS_SUPERSEDED = `
  CREATE FUNCTION settle_attempt(
    p_organization uuid, p_account text, p_client_organization uuid, p_client text, p_period bigint, p_outcome text,
    p_limit int, p_ceiling int, p_credentials_changed_at float8)
  RETURNS bigint LANGUAGE plpgsql AS $$
  DECLARE
    at timestamptz := clock_timestamp();
    proven_at bigint;
  BEGIN
    PERFORM set_config('app.organization', p_client_organization::text, true),
            set_config('synchronous_commit', 'off', true);

    UPDATE client_attempts SET
      unsettled = CASE WHEN period = p_period THEN greatest(unsettled - 1, 0) ELSE unsettled END,
      failures = failures + CASE WHEN p_outcome IN ('wrong', 'locked') THEN 1 ELSE 0 END
      WHERE organization_id = p_client_organization AND client_id = p_client;

    PERFORM set_config('app.organization', p_organization::text, true);
    IF p_outcome = 'right' THEN
      UPDATE account_attempts SET
        unsettled = greatest(unsettled - 1, 0), failures = 0, streak = 0, failed_at = NULL, locked_until = NULL
        WHERE organization_id = p_organization AND account = p_account;
      SELECT greatest(floor(extract(epoch FROM at)), extract(epoch FROM u.credentials_changed_at)) INTO proven_at
        FROM users u WHERE u.organization_id = p_organization AND u.id = p_account::uuid AND u.state = 'active'
          AND extract(epoch FROM u.credentials_changed_at)::float8 = p_credentials_changed_at;
    ELSIF p_outcome = 'wrong' THEN
      UPDATE account_attempts SET
        unsettled = greatest(unsettled - 1, 0), failures = failures + 1, streak = streak + 1, failed_at = at,
        locked_until = locked_until(failures + 1, streak + 1, at, p_limit, p_ceiling)
        WHERE organization_id = p_organization AND account = p_account;
    ELSIF p_outcome = 'withdrawn' THEN
      UPDATE account_attempts SET unsettled = greatest(unsettled - 1, 0)
        WHERE organization_id = p_organization AND account = p_account;
    END IF;
    RETURN proven_at;
  END $$;
  REVOKE ALL ON FUNCTION ${SIGNATURE} FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION ${SIGNATURE} TO keyward_directory;
`;
