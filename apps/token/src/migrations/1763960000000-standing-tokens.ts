import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The access token that stands for a subject and its scopes at a client that has but one. A row that has expired is taken
 * away by those that are placed after it.
 */
export class StandingTokens1763960000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE standing_tokens (
        organization_id uuid NOT NULL,
        client_id text COLLATE "C" NOT NULL,
        tuple bytea NOT NULL,
        jti text NOT NULL,
        day date NOT NULL,
        expires_at timestamptz NOT NULL,
        family uuid,
        family_day date,
        sealed bytea,
        PRIMARY KEY (organization_id, client_id, tuple)
      ) WITH (fillfactor = 80)`);
    await runner.query('CREATE INDEX standing_tokens_expired ON standing_tokens (organization_id, expires_at)');
    await isolate(runner, 'standing_tokens');
    await runner.query(placeStandingToken());
    await runner.query('GRANT EXECUTE ON FUNCTION place_standing_token TO keyward_token');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION place_standing_token; DROP TABLE standing_tokens');
  }
}

/** `first` is done before something is ended. */
export const placeStandingToken = (first = ''): string => `
  CREATE OR REPLACE FUNCTION place_standing_token(
    p_organization uuid, p_client text, p_tuple bytea, p_jti text, p_day date, p_expires timestamptz,
    p_family uuid, p_family_day date, p_sealed bytea, p_found text, p_ends boolean, p_now timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
  DECLARE
    old standing_tokens;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    DELETE FROM standing_tokens WHERE ctid = ANY (ARRAY(
      SELECT ctid FROM standing_tokens
        WHERE organization_id = p_organization AND expires_at < p_now - interval '1 day' LIMIT 4 FOR UPDATE SKIP LOCKED));
    INSERT INTO standing_tokens
        (organization_id, client_id, tuple, jti, day, expires_at, family, family_day, sealed)
      VALUES (p_organization, p_client, p_tuple, p_jti, p_day, p_expires, p_family, p_family_day, p_sealed)
      ON CONFLICT DO NOTHING;
    IF FOUND THEN
      RETURN true;
    END IF;
    SELECT * INTO old FROM standing_tokens
      WHERE organization_id = p_organization AND client_id = p_client AND tuple = p_tuple FOR UPDATE;
    IF NOT p_ends AND old.expires_at > p_now AND old.jti IS DISTINCT FROM p_found THEN
      RETURN false;
    END IF;
    UPDATE standing_tokens SET jti = p_jti, day = p_day, expires_at = p_expires, family = p_family,
        family_day = p_family_day, sealed = p_sealed
      WHERE organization_id = p_organization AND client_id = p_client AND tuple = p_tuple;
    IF NOT FOUND THEN
      RETURN false;
    END IF;${first}
    IF p_ends AND old.expires_at > p_now THEN
      PERFORM revoke_access_token(p_organization, old.day, old.jti, old.expires_at + interval '1 minute');
    END IF;
    IF p_ends AND old.family <> coalesce(p_family, '00000000-0000-0000-0000-000000000000') THEN
      PERFORM revoke_refresh_family(p_organization, old.family_day, old.family, p_now);
    END IF;
    RETURN true;
  END $$;
`;
