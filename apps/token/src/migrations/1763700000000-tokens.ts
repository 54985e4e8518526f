import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { insertFamily, judgeToken } from './refresh-functions';

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
    await runner.query(
      insertFamily() + judgeToken({}, 'rotate_refresh_family', false) + REVOKE_FAMILY + ACCESS_TOKENS + GRANTS,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_refresh_family, rotate_refresh_family, revoke_refresh_family, insert_access_token,
        revoke_access_token;
      DROP TABLE refresh_families, access_tokens, revoked_tokens;
    `);
  }
}

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
