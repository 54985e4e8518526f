import type { MigrationInterface, QueryRunner } from 'typeorm';
import { isolate } from '@keyward/database';

/**
 * Limits on wrong passwords (BF-01, BF-03), shared by all instances. An attempt is counted before it is verified
 * (`unsettled`) and settled afterwards, so a burst of them finds out no more than one after the other would.
 * An account is a user's id, or `~` and a slot of 4,096 for all names that are no user's: random names do not grow it.
 * A client is counted in its own organization, whosever users it tries: so one limit is all it has.
 */
export class PasswordAttempts1763700000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE account_attempts (
        organization_id uuid NOT NULL REFERENCES organizations,
        account text COLLATE "C" NOT NULL,
        failures int NOT NULL DEFAULT 0,
        streak int NOT NULL DEFAULT 0,
        unsettled int NOT NULL DEFAULT 0,
        attempted_at timestamptz,
        failed_at timestamptz,
        locked_until timestamptz,
        PRIMARY KEY (organization_id, account)
      ) WITH (fillfactor = 70);
      COMMENT ON COLUMN account_attempts.failures IS 'in a row, since the last success';
      COMMENT ON COLUMN account_attempts.streak IS 'those of them without a quiet quarter of an hour between';
      CREATE TABLE client_attempts (
        organization_id uuid NOT NULL REFERENCES organizations,
        client_id text COLLATE "C" NOT NULL,
        period bigint NOT NULL DEFAULT 0,
        period_started_at timestamptz NOT NULL DEFAULT '-infinity',
        failures int NOT NULL DEFAULT 0,
        unsettled int NOT NULL DEFAULT 0,
        PRIMARY KEY (organization_id, client_id)
      ) WITH (fillfactor = 70);
    `);
    await isolate(runner, 'account_attempts');
    await isolate(runner, 'client_attempts');
    await runner.query(LOCKED_UNTIL + BEGIN_ATTEMPT + SETTLE_ATTEMPT);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION begin_attempt, settle_attempt, locked_until;
      DROP TABLE account_attempts, client_attempts;
    `);
  }
}

/** From the limit on every failure closes the account for 1, 2, 4 … s, 15 min at most; at the ceiling until unlocked. */
const LOCKED_UNTIL = `
  CREATE FUNCTION locked_until(failures int, streak int, failed_at timestamptz, p_limit int, p_ceiling int)
  RETURNS timestamptz LANGUAGE sql STABLE AS $$
    SELECT CASE
      WHEN failures >= p_ceiling THEN 'infinity'::timestamptz
      WHEN streak >= p_limit THEN failed_at + least(2.0 ^ least(streak - p_limit, 10), 900) * interval '1 second'
    END
  $$;
  REVOKE ALL ON FUNCTION locked_until FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION locked_until TO keyward_directory;
`;

/**
 * Finds the user and counts the attempt: one round trip before hashing. Verdicts: `verify`; `locked`, counted for the
 * client alone; `busy`, nothing is counted: others must be settled first, ask again; `limited`, the client is over its limit.
 * What is unsettled for longer than any call lasts was lost with its instance and counts as a failure.
 * Rows are locked in one order, client then account, here and in settle_attempt.
 */
const BEGIN_ATTEMPT = `
  CREATE FUNCTION begin_attempt(
    p_organization uuid, p_username_key text, p_slot text, p_client_organization uuid, p_client text,
    p_limit int, p_ceiling int, p_client_limit int)
  RETURNS TABLE (
    verdict text, retry_after int, account text, period bigint,
    id uuid, username text, password_hash text, roles text[], credentials_changed_at float8)
  LANGUAGE plpgsql AS $$
  #variable_conflict use_column
  DECLARE
    at timestamptz := clock_timestamp();
    organization_state text;
    u users;
    c client_attempts;
    a account_attempts;
  BEGIN
    PERFORM set_config('app.organization', p_client_organization::text, true),
            set_config('synchronous_commit', 'off', true); -- a crash of the server may forget the last half second

    SELECT state INTO organization_state FROM organizations o WHERE o.id = p_organization;
    IF NOT FOUND OR NOT EXISTS (SELECT FROM organizations o WHERE o.id = p_client_organization) THEN -- there is nobody to find, and nothing to count for
      verdict := 'locked';
      RETURN NEXT;
      RETURN;
    END IF;

    SELECT * INTO c FROM client_attempts
      WHERE organization_id = p_client_organization AND client_id = p_client FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO client_attempts (organization_id, client_id) VALUES (p_client_organization, p_client)
        ON CONFLICT DO NOTHING;
      SELECT * INTO c FROM client_attempts
        WHERE organization_id = p_client_organization AND client_id = p_client FOR UPDATE;
    END IF;
    IF c.period_started_at + interval '5 minutes' <= at THEN
      c.period := c.period + 1;
      c.period_started_at := at;
      c.failures := 0;
      c.unsettled := 0;
    END IF;
    retry_after := ceil(extract(epoch FROM c.period_started_at + interval '5 minutes' - at));
    verdict := CASE WHEN c.failures >= p_client_limit THEN 'limited'
                    WHEN c.failures + c.unsettled >= p_client_limit THEN 'busy' END;
    IF verdict IS NOT NULL THEN
      RETURN NEXT;
      RETURN;
    END IF;

    PERFORM set_config('app.organization', p_organization::text, true);
    SELECT * INTO u FROM users x
      WHERE x.organization_id = p_organization AND x.username_key = p_username_key AND organization_state = 'active';
    account := coalesce(u.id::text, p_slot);
    SELECT * INTO a FROM account_attempts x
      WHERE x.organization_id = p_organization AND x.account = begin_attempt.account FOR UPDATE;
    IF NOT FOUND THEN
      INSERT INTO account_attempts (organization_id, account)
        VALUES (p_organization, begin_attempt.account) ON CONFLICT DO NOTHING;
      SELECT * INTO a FROM account_attempts x
        WHERE x.organization_id = p_organization AND x.account = begin_attempt.account FOR UPDATE;
    END IF;
    IF greatest(a.failed_at, a.locked_until) + interval '15 minutes' < at THEN
      a.streak := 0;
    END IF;
    IF a.unsettled > 0 AND a.attempted_at + interval '5 seconds' < at THEN
      a.failures := a.failures + a.unsettled;
      a.streak := a.streak + a.unsettled;
      a.unsettled := 0;
      a.failed_at := a.attempted_at;
      a.locked_until := locked_until(a.failures, a.streak, a.failed_at, p_limit, p_ceiling);
    END IF;

    IF a.locked_until > at THEN
      verdict := 'locked';
    ELSIF a.unsettled > 0 AND (a.streak + a.unsettled >= p_limit OR a.failures + a.unsettled >= p_ceiling) THEN
      verdict := 'busy';
      RETURN NEXT;
      RETURN;
    ELSE
      verdict := 'verify';
      a.unsettled := a.unsettled + 1;
      a.attempted_at := at;
    END IF;

    UPDATE account_attempts x SET failures = a.failures, streak = a.streak, unsettled = a.unsettled,
      attempted_at = a.attempted_at, failed_at = a.failed_at, locked_until = a.locked_until
      WHERE x.organization_id = p_organization AND x.account = begin_attempt.account;
    PERFORM set_config('app.organization', p_client_organization::text, true);
    UPDATE client_attempts x SET period = c.period, period_started_at = c.period_started_at,
      failures = c.failures, unsettled = c.unsettled + 1
      WHERE x.organization_id = p_client_organization AND x.client_id = p_client;

    period := c.period;
    id := u.id;
    username := u.username;
    password_hash := CASE WHEN u.state = 'active' THEN u.password_hash END;
    roles := u.roles;
    credentials_changed_at := extract(epoch FROM u.credentials_changed_at)::float8;
    RETURN NEXT;
  END $$;
  REVOKE ALL ON FUNCTION begin_attempt FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION begin_attempt TO keyward_directory;
`;

/**
 * Says how an attempt ended: one round trip after hashing. Outcomes: `right` forgets the account's failures; `wrong`;
 * `locked`, it was not verified and counts for the client alone; `withdrawn`, nothing was found out.
 */
const SETTLE_ATTEMPT = `
  CREATE FUNCTION settle_attempt(
    p_organization uuid, p_account text, p_client_organization uuid, p_client text, p_period bigint, p_outcome text,
    p_limit int, p_ceiling int)
  RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    at timestamptz := clock_timestamp();
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
    ELSIF p_outcome = 'wrong' THEN
      UPDATE account_attempts SET
        unsettled = greatest(unsettled - 1, 0), failures = failures + 1, streak = streak + 1, failed_at = at,
        locked_until = locked_until(failures + 1, streak + 1, at, p_limit, p_ceiling)
        WHERE organization_id = p_organization AND account = p_account;
    ELSIF p_outcome = 'withdrawn' THEN
      UPDATE account_attempts SET unsettled = greatest(unsettled - 1, 0)
        WHERE organization_id = p_organization AND account = p_account;
    END IF;
  END $$;
  REVOKE ALL ON FUNCTION settle_attempt FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION settle_attempt TO keyward_directory;
`;
