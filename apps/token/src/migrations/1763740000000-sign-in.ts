import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { codeFunctions } from './code-functions';

/**
 * Sessions on the sign-in pages, the codes and grants they gave, and what users have consented to. All but consents grow
 * without end: they are partitioned by the day they began, as tokens are, and every partitioned table gets its days.
 */
export class SignIn1763740000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLES);
    for (const table of ['sessions', 'session_grants', 'authorization_codes', 'consents']) await isolate(runner, table);
    await runner.query(SESSIONS + codeFunctions() + END_SESSION + withdrawConsent());
    await runner.query(`
      GRANT EXECUTE ON FUNCTION save_session, touch_session, insert_code, redeem_code, end_session, withdraw_consent, day_of
        TO keyward_token`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION save_session, touch_session, insert_code, redeem_code, end_session, withdraw_consent, day_of;
      DROP TABLE sessions, session_grants, authorization_codes, consents;
    `);
  }
}

const TABLES = `
  CREATE TABLE sessions (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL,
    sub uuid NOT NULL,
    user_organization_id uuid NOT NULL,
    auth_time bigint NOT NULL,
    amr text[] NOT NULL,
    user_agent text,
    created_at timestamptz NOT NULL,
    used_at timestamptz NOT NULL,
    absolute_expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    PRIMARY KEY (organization_id, day, id)
  ) PARTITION BY LIST (day);
  CREATE INDEX ON sessions (organization_id, sub);
  COMMENT ON TABLE sessions IS 'of an organization’s pages; its user may be another organization’s';
  CREATE TABLE session_grants (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    session_id uuid NOT NULL,
    family_id uuid NOT NULL,
    sub uuid NOT NULL,
    client_id text NOT NULL,
    offline boolean NOT NULL,
    PRIMARY KEY (organization_id, day, session_id, family_id)
  ) PARTITION BY LIST (day);
  CREATE INDEX ON session_grants (organization_id, sub, client_id);
  COMMENT ON COLUMN session_grants.day IS 'of the session';
  CREATE TABLE authorization_codes (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL,
    client_id text NOT NULL,
    sub uuid NOT NULL,
    user_organization_id uuid NOT NULL,
    session_id uuid NOT NULL,
    session_day date NOT NULL,
    redirect_uri text NOT NULL,
    challenge text,
    scope text NOT NULL,
    nonce text,
    auth_time bigint NOT NULL,
    amr text[] NOT NULL,
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (organization_id, day, id)
  ) PARTITION BY LIST (day);
  COMMENT ON COLUMN authorization_codes.id IS 'also of the family of what it gives';
  CREATE TABLE consents (
    organization_id uuid NOT NULL,
    sub uuid NOT NULL,
    client_id text NOT NULL,
    scopes text[] NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, sub, client_id)
  );
`;

/** A session goes on under another secret when its user signs in again, unless it ended meanwhile. */
const SESSIONS = `
  CREATE FUNCTION save_session(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_sub uuid, p_user_organization uuid, p_auth_time bigint,
    p_amr text[], p_user_agent text, p_now timestamptz, p_absolute timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO sessions (organization_id, day, id, hash, sub, user_organization_id, auth_time, amr, user_agent,
        created_at, used_at, absolute_expires_at)
      VALUES (p_organization, p_day, p_id, p_hash, p_sub, p_user_organization, p_auth_time, p_amr, p_user_agent,
        p_now, p_now, p_absolute)
      ON CONFLICT (organization_id, day, id) DO UPDATE SET hash = p_hash, auth_time = p_auth_time, amr = p_amr,
        used_at = p_now, absolute_expires_at = p_absolute;
  END $$;
  CREATE FUNCTION touch_session(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE sessions SET used_at = p_now WHERE organization_id = p_organization AND day = p_day AND id = p_id;
  END $$;
`;

/** Families end with their session unless they were asked for to outlive it (BL-03); a family's day is in its id. */
const END_SESSION = `
  CREATE FUNCTION end_session(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS TABLE (client_id text, family_id uuid, offline boolean) LANGUAGE plpgsql AS $$
  DECLARE
    g session_grants;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE sessions s SET ended_at = p_now
      WHERE s.organization_id = p_organization AND s.day = p_day AND s.id = p_id AND s.ended_at IS NULL;
    IF NOT FOUND THEN RETURN; END IF;
    FOR g IN SELECT * FROM session_grants o
        WHERE o.organization_id = p_organization AND o.day = p_day AND o.session_id = p_id LOOP
      IF NOT g.offline THEN
        PERFORM revoke_refresh_family(p_organization, day_of(g.family_id), g.family_id, p_now);
      END IF;
      client_id := g.client_id;
      family_id := g.family_id;
      offline := g.offline;
      RETURN NEXT;
    END LOOP;
  END $$;
  CREATE FUNCTION day_of(p_id uuid) RETURNS date LANGUAGE sql IMMUTABLE AS $$
    SELECT (to_timestamp(('x' || lpad(replace(left(p_id::text, 13), '-', ''), 16, '0'))::bit(64)::bigint / 1000.0)
      AT TIME ZONE 'UTC')::date
  $$;
`;

/** `first` is done before a family is ended. */
export const withdrawConsent = (first = ''): string => `
  CREATE OR REPLACE FUNCTION withdraw_consent(p_organization uuid, p_sub uuid, p_client text, p_now timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    was_there boolean;
    g session_grants;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    DELETE FROM consents WHERE organization_id = p_organization AND sub = p_sub AND client_id = p_client;
    was_there := FOUND;
    UPDATE authorization_codes SET used_at = p_now WHERE organization_id = p_organization AND sub = p_sub
      AND client_id = p_client AND used_at IS NULL AND expires_at > p_now;${first}
    FOR g IN SELECT * FROM session_grants o
        WHERE o.organization_id = p_organization AND o.sub = p_sub AND o.client_id = p_client LOOP
      PERFORM revoke_refresh_family(p_organization, day_of(g.family_id), g.family_id, p_now);
    END LOOP;
    RETURN was_there;
  END $$;
`;
