import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Devices that wait for their user (RFC 8628), and how often codes were guessed at. Codes live for minutes and are
 * partitioned as authorization codes are; of attempts there is a bounded number of rows an organization.
 */
export class Devices1763900000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    for (const table of ['device_codes', 'user_code_attempts']) await isolate(runner, table);
    await runner.query(INSERT + FIND + DECIDE + POLL + redeemDevice());
    await runner.query(`
      GRANT EXECUTE ON FUNCTION insert_device_code, find_device_code, decide_device_code, poll_device_code,
        redeem_device_code TO keyward_token`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_device_code, find_device_code, decide_device_code, poll_device_code, redeem_device_code;
      DROP TABLE device_codes, user_code_attempts;
    `);
  }
}

const TABLES = `
  CREATE TABLE device_codes (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL,
    user_code_hash bytea NOT NULL,
    client_id text NOT NULL,
    asked text,
    poll_interval int NOT NULL,
    polled_at timestamptz,
    expires_at timestamptz NOT NULL,
    state text NOT NULL,
    sub uuid,
    user_organization_id uuid,
    session_id uuid,
    session_day date,
    scope text,
    auth_time bigint,
    amr text[],
    PRIMARY KEY (organization_id, day, id),
    UNIQUE (organization_id, day, user_code_hash),
    CHECK (state IN ('pending', 'denied', 'approved', 'redeemed'))
  ) PARTITION BY LIST (day);
  COMMENT ON COLUMN device_codes.poll_interval IS 'seconds; it grows with each poll that comes too early';
  COMMENT ON COLUMN device_codes.asked IS 'the scope parameter; scope is what the user has allowed of it';
  CREATE TABLE user_code_attempts (
    organization_id uuid NOT NULL,
    slot int NOT NULL,
    since timestamptz NOT NULL,
    failures int NOT NULL,
    PRIMARY KEY (organization_id, slot)
  ) WITH (fillfactor = 80);
  COMMENT ON COLUMN user_code_attempts.slot IS 'one of 65536 that address ranges share';
`;

const INSERT = `
  CREATE FUNCTION insert_device_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_user_code bytea, p_client text, p_asked text,
    p_interval int, p_expires timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO device_codes
        (organization_id, day, id, hash, user_code_hash, client_id, asked, poll_interval, expires_at, state)
      VALUES (p_organization, p_day, p_id, p_hash, p_user_code, p_client, p_asked, p_interval, p_expires, 'pending')
      ON CONFLICT (organization_id, day, user_code_hash) DO NOTHING;
    RETURN FOUND;
  END $$;
`;

/** The counter's row is locked before anything is looked for: guesses at once are counted one after the other (BF-25). */
const FIND = `
  CREATE FUNCTION find_device_code(
    p_organization uuid, p_days date[], p_user_code bytea, p_slot int, p_now timestamptz, p_window int, p_most int)
  RETURNS TABLE (outcome text, retry_after int, id uuid, client_id text, asked text) LANGUAGE plpgsql AS $$
  DECLARE
    a user_code_attempts;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO user_code_attempts AS t (organization_id, slot, since, failures)
      VALUES (p_organization, p_slot, p_now, 0)
      ON CONFLICT (organization_id, slot) DO UPDATE SET
        since = CASE WHEN t.since + make_interval(secs => p_window) <= p_now THEN p_now ELSE t.since END,
        failures = CASE WHEN t.since + make_interval(secs => p_window) <= p_now THEN 0 ELSE t.failures END
      RETURNING * INTO a;
    IF a.failures >= p_most THEN
      outcome := 'limited';
      retry_after := greatest(1, ceil(extract(epoch FROM a.since + make_interval(secs => p_window) - p_now)));
      RETURN NEXT;
      RETURN;
    END IF;
    SELECT d.id, d.client_id, d.asked INTO id, client_id, asked FROM device_codes d
      WHERE d.organization_id = p_organization AND d.day = ANY (p_days) AND d.user_code_hash = p_user_code
        AND d.state = 'pending' AND d.expires_at > p_now
      ORDER BY d.id DESC LIMIT 1;
    IF FOUND THEN
      outcome := 'found';
    ELSE
      outcome := 'unknown';
      UPDATE user_code_attempts t SET failures = t.failures + 1
        WHERE t.organization_id = p_organization AND t.slot = p_slot;
    END IF;
    RETURN NEXT;
  END $$;
`;

const DECIDE = `
  CREATE FUNCTION decide_device_code(
    p_organization uuid, p_day date, p_id uuid, p_state text, p_sub uuid, p_user_organization uuid, p_session uuid,
    p_session_day date, p_scope text, p_auth_time bigint, p_amr text[], p_now timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE device_codes SET state = p_state, sub = p_sub, user_organization_id = p_user_organization,
        session_id = p_session, session_day = p_session_day, scope = p_scope, auth_time = p_auth_time, amr = p_amr
      WHERE organization_id = p_organization AND day = p_day AND id = p_id AND state = 'pending' AND expires_at > p_now;
    RETURN FOUND;
  END $$;
`;

/** RFC 8628 §3.5, under the row's lock: of two polls at once the second is too early. */
const POLL = `
  CREATE FUNCTION poll_device_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_now timestamptz)
  RETURNS TABLE (outcome text, sub uuid, user_organization_id uuid) LANGUAGE plpgsql AS $$
  DECLARE
    d device_codes;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    SELECT * INTO d FROM device_codes
      WHERE organization_id = p_organization AND day = p_day AND device_codes.id = p_id FOR UPDATE;
    IF NOT FOUND OR d.hash <> p_hash THEN
      outcome := 'unknown';
    ELSIF d.client_id <> p_client THEN
      outcome := 'client';
    ELSIF d.state = 'redeemed' THEN
      outcome := 'redeemed';
    ELSIF d.state = 'denied' THEN
      outcome := 'access_denied';
    ELSIF d.expires_at <= p_now THEN
      outcome := 'expired_token';
    ELSIF d.state = 'approved' THEN
      outcome := 'approved';
      sub := d.sub;
      user_organization_id := d.user_organization_id;
    ELSE
      outcome := CASE WHEN d.polled_at + make_interval(secs => d.poll_interval) > p_now
        THEN 'slow_down' ELSE 'authorization_pending' END;
      UPDATE device_codes SET polled_at = p_now,
          poll_interval = poll_interval + CASE outcome WHEN 'slow_down' THEN 5 ELSE 0 END
        WHERE organization_id = p_organization AND day = p_day AND device_codes.id = p_id;
    END IF;
    RETURN NEXT;
  END $$;
`;

/**
 * Once (DV-03). What it gives is the device's own and outlives the browser's session, as access for when the user is away
 * does; it ends with the consent, which therefore has to be there still.
 */
export const redeemDevice = ({ session = false } = {}): string => `
  CREATE FUNCTION redeem_device_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_not_before bigint, p_family_day date,
    p_family uuid, p_refresh_hash bytea, p_proof bytea, p_now timestamptz, p_absolute timestamptz,
    p_expires timestamptz)
  RETURNS TABLE (outcome text, scope text, auth_time bigint, amr text[], session_id uuid) LANGUAGE plpgsql AS $$
  DECLARE
    d device_codes;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE device_codes c SET state = 'redeemed'
      WHERE c.organization_id = p_organization AND c.day = p_day AND c.id = p_id AND c.hash = p_hash
        AND c.client_id = p_client AND c.state = 'approved' AND c.expires_at > p_now
      RETURNING * INTO d;
    IF NOT FOUND THEN
      outcome := 'redeemed before';
    ELSIF d.auth_time < p_not_before THEN
      outcome := 'outdated';
    ELSIF NOT EXISTS (SELECT FROM consents o WHERE o.organization_id = p_organization AND o.sub = d.sub
        AND o.client_id = p_client) THEN
      outcome := 'withdrawn';
    ELSE
      outcome := 'redeemed';
      PERFORM insert_refresh_family(p_organization, p_family_day, p_family, d.client_id, d.sub, d.user_organization_id,
        p_proof, d.scope, d.auth_time, d.amr, p_now, p_absolute, p_expires, p_refresh_hash${session ? ', d.session_id' : ''});
      INSERT INTO session_grants (organization_id, day, session_id, family_id, sub, client_id, offline)
        VALUES (p_organization, d.session_day, d.session_id, p_family, d.sub, d.client_id, true);
      scope := d.scope;
      auth_time := d.auth_time;
      amr := d.amr;
      session_id := d.session_id;
    END IF;
    RETURN NEXT;
  END $$;
`;
