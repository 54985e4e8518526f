import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { insertFamily } from './refresh-functions';

/**
 * What was issued. All three grow without end, so they are partitioned by the day of issue and dropped by the day; each
 * token tells its day, and a lookup touches one partition. A row belongs to the organization of its client.
 */
export class Tokens1763700000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE refresh_families (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        id uuid NOT NULL,
        client_id text NOT NULL,
        sub uuid NOT NULL,
        user_organization_id uuid NOT NULL,
        proof_hash bytea NOT NULL,
        scope text NOT NULL,
        auth_time bigint NOT NULL,
        amr text[] NOT NULL,
        created_at timestamptz NOT NULL,
        absolute_expires_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        current_hash bytea NOT NULL,
        previous_hash bytea,
        successor bytea,
        rotated_at timestamptz,
        revoked_at timestamptz,
        PRIMARY KEY (organization_id, day, id)
      ) PARTITION BY LIST (day);
      COMMENT ON COLUMN refresh_families.proof_hash IS 'of what every token of the family says';
      COMMENT ON COLUMN refresh_families.successor IS 'sealed under the predecessor, which is stored nowhere';
      CREATE TABLE access_tokens (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        id uuid NOT NULL,
        hash bytea NOT NULL,
        expires_at timestamptz NOT NULL,
        claims jsonb NOT NULL,
        PRIMARY KEY (organization_id, day, id)
      ) PARTITION BY LIST (day);
      COMMENT ON TABLE access_tokens IS 'opaque ones; a JWT is not stored';
      CREATE TABLE revoked_tokens (
        organization_id uuid NOT NULL,
        day date NOT NULL,
        jti text COLLATE "C" NOT NULL,
        expires_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, day, jti)
      ) PARTITION BY LIST (day);
      COMMENT ON TABLE revoked_tokens IS 'access tokens of both kinds that ended before their time';
    `);
    for (const table of ['refresh_families', 'access_tokens', 'revoked_tokens']) await isolate(runner, table);
    await runner.query(insertFamily() + ROTATE_FAMILY + REVOKE_FAMILY + ACCESS_TOKENS + GRANTS);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_refresh_family, rotate_refresh_family, revoke_refresh_family, insert_access_token,
        revoke_access_token;
      DROP TABLE refresh_families, access_tokens, revoked_tokens;
    `);
  }
}

/**
 * The one place that decides about a use of a refresh token, under the row's lock; what the token says of itself counts
 * for nothing until the row agrees. The direct predecessor is a retry as long as its successor is unused and the grace
 * lasts; whatever else proves to be of this family is reuse and ends it (RFC 9700 §4.14.2), and what only names it is
 * unknown. Without a new hash the token stays; its predecessor is over all the same, because its successor was used.
 */
const ROTATE_FAMILY = `
  CREATE FUNCTION rotate_refresh_family(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_presented bytea, p_scope text[], p_not_before bigint, p_next bytea, p_sealed bytea, p_now timestamptz,
    p_lifetime int, p_grace int)
  RETURNS TABLE (outcome text, sealed bytea, scope text, auth_time bigint, amr text[]) LANGUAGE plpgsql AS $$
  DECLARE
    f refresh_families;
    is_retry boolean;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    SELECT * INTO f FROM refresh_families WHERE organization_id = p_organization AND day = p_day AND id = p_id FOR UPDATE;
    is_retry := f.previous_hash = p_presented AND p_now < f.rotated_at + p_grace * interval '1 second';
    IF NOT FOUND OR (f.client_id, f.sub, f.user_organization_id, f.proof_hash)
        <> (p_client, p_sub, p_user_organization, p_proof) THEN
      outcome := 'unknown';
    ELSIF f.revoked_at IS NOT NULL THEN
      outcome := 'revoked';
    ELSIF least(f.expires_at, f.absolute_expires_at) <= p_now THEN
      outcome := 'expired';
    ELSIF f.current_hash <> p_presented AND is_retry IS NOT TRUE THEN
      outcome := 'reuse';
      UPDATE refresh_families SET revoked_at = p_now
        WHERE organization_id = p_organization AND day = p_day AND id = p_id;
    ELSIF f.auth_time < p_not_before THEN
      outcome := 'outdated';
    ELSIF NOT p_scope <@ string_to_array(f.scope, ' ') THEN
      outcome := 'scope';
    ELSE
      scope := f.scope;
      auth_time := f.auth_time;
      amr := f.amr;
      IF is_retry THEN
        outcome := 'retry';
        sealed := f.successor;
      ELSIF p_next IS NULL THEN
        outcome := 'kept';
        UPDATE refresh_families SET previous_hash = NULL, successor = NULL
          WHERE organization_id = p_organization AND day = p_day AND id = p_id AND previous_hash IS NOT NULL;
      ELSE
        outcome := 'rotated';
        UPDATE refresh_families
          SET current_hash = p_next, previous_hash = p_presented, successor = p_sealed, rotated_at = p_now,
            expires_at = least(p_now + p_lifetime * interval '1 second', absolute_expires_at)
          WHERE organization_id = p_organization AND day = p_day AND id = p_id;
      END IF;
    END IF;
    RETURN NEXT;
  END $$;
`;

const REVOKE_FAMILY = `
  CREATE FUNCTION revoke_refresh_family(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE refresh_families SET revoked_at = p_now
      WHERE organization_id = p_organization AND day = p_day AND id = p_id AND revoked_at IS NULL;
  END $$;
`;

const ACCESS_TOKENS = `
  CREATE FUNCTION insert_access_token(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_expires timestamptz, p_claims jsonb)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO access_tokens (organization_id, day, id, hash, expires_at, claims)
      VALUES (p_organization, p_day, p_id, p_hash, p_expires, p_claims);
  END $$;
  CREATE FUNCTION revoke_access_token(p_organization uuid, p_day date, p_jti text, p_expires timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO revoked_tokens (organization_id, day, jti, expires_at)
      VALUES (p_organization, p_day, p_jti, p_expires) ON CONFLICT DO NOTHING;
  END $$;
`;

const GRANTS = `
  GRANT EXECUTE ON FUNCTION insert_refresh_family, rotate_refresh_family, revoke_refresh_family, insert_access_token,
    revoke_access_token TO keyward_token;
`;
