import { createFeedTables, createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { judgeToken } from './refresh-functions';

/**
 * Whatever is revoked is told to everyone who verifies tokens: noted beside the tokens, in the feed and in its snapshot, in
 * the statement that revokes.
 */
export class Revocations1763800000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await createFeedTables(runner);
    await runner.query(`
      ALTER TABLE revoked_tokens ADD COLUMN kind text NOT NULL DEFAULT 'token', ADD COLUMN before bigint;
      CREATE INDEX ON revoked_tokens (jti);
      COMMENT ON TABLE revoked_tokens IS 'what ended before its time: tokens by their jti in the partition of their issue, the rest by its name in that of its end';
    `);
    await createLookup(runner, {
      signature: 'living_revocations(after text, most int)',
      returns: 'TABLE (id text, record jsonb)',
      body: `SELECT kind || ':' || jti, jsonb_strip_nulls(jsonb_build_object('kind', kind, 'name', jti,
            'organizationId', organization_id, 'before', before, 'until', ceil(extract(epoch FROM expires_at))))
          FROM revoked_tokens WHERE jti > after AND expires_at > now() ORDER BY jti LIMIT most`,
      reads: { revoked_tokens: ['organization_id', 'jti', 'kind', 'before', 'expires_at'] },
    });
    await runner.query(`
      DROP FUNCTION revoke_access_token;
      ${TELL} ${judgeToken()} ${REVOKE}
      GRANT EXECUTE ON FUNCTION tell_revoked, revoke_access_token TO keyward_token;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION living_revocations, tell_revoked, append_change;
      DROP TABLE feed_positions, feed_changes;
    `);
  }
}

/** Once for each name. The feed's lock is taken last, so that other revocations wait for as short as can be. */
const TELL = `
  CREATE FUNCTION tell_revoked(
    p_organization uuid, p_day date, p_kind text, p_name text, p_before bigint, p_until timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO revoked_tokens AS told (organization_id, day, jti, kind, before, expires_at)
      VALUES (p_organization, p_day, p_name, p_kind, p_before, p_until)
      ON CONFLICT (organization_id, day, jti) DO UPDATE SET before = excluded.before, expires_at = excluded.expires_at
        WHERE excluded.before > told.before;
    IF FOUND THEN
      PERFORM append_change('token.revocations', p_kind || ':' || p_name, jsonb_strip_nulls(jsonb_build_object(
        'kind', p_kind, 'name', p_name, 'organizationId', p_organization, 'before', p_before,
        'until', ceil(extract(epoch FROM p_until)))));
    END IF;
  END $$;
`;

const REVOKE = `
  CREATE OR REPLACE FUNCTION revoke_refresh_family(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE refresh_families SET revoked_at = p_now
      WHERE organization_id = p_organization AND day = p_day AND id = p_id AND revoked_at IS NULL;
    IF FOUND THEN
      PERFORM tell_revoked(p_organization, (now() AT TIME ZONE 'UTC')::date, 'family', p_id::text, NULL,
        greatest(p_now, now()) + interval '1 day 1 minute');
    END IF;
  END $$;
  CREATE FUNCTION revoke_access_token(p_organization uuid, p_day date, p_jti text, p_until timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    PERFORM tell_revoked(p_organization, p_day, 'token', p_jti, NULL, p_until);
  END $$;
`;
