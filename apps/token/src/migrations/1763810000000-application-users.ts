import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Who was given tokens through which application: one row each, which stays when the tokens are gone. A family notes it in
 * its own statement; whoever came within the last minute is only read.
 */
export class ApplicationUsers1763810000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE application_users (
        organization_id uuid NOT NULL,
        application_id uuid NOT NULL,
        sub uuid NOT NULL,
        user_organization_id uuid NOT NULL,
        grant_type text NOT NULL,
        first_at timestamptz NOT NULL,
        last_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, application_id, sub)
      ) WITH (fillfactor = 80)`);
    await isolate(runner, 'application_users');
    await runner.query(NOTE + INSERT_FAMILY);
    await runner.query(`
      GRANT EXECUTE ON FUNCTION note_application_user, note_application_users TO keyward_token;
      GRANT EXECUTE ON FUNCTION insert_refresh_family(uuid, date, uuid, text, uuid, uuid, bytea, text, bigint, text[],
        timestamptz, timestamptz, timestamptz, bytea, uuid, text) TO keyward_token;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_refresh_family(uuid, date, uuid, text, uuid, uuid, bytea, text, bigint, text[],
        timestamptz, timestamptz, timestamptz, bytea, uuid, text);
      DROP FUNCTION note_application_user, note_application_users;
      DROP TABLE application_users;
    `);
  }
}

/** A refresh is not how somebody signed in. */
const NOTE = `
  CREATE FUNCTION note_application_user(
    p_organization uuid, p_application uuid, p_sub uuid, p_user_organization uuid, p_grant text, p_at timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    IF EXISTS (SELECT FROM application_users u WHERE u.organization_id = p_organization
        AND u.application_id = p_application AND u.sub = p_sub AND p_grant IN (u.grant_type, 'refresh_token')
        AND u.last_at > p_at - interval '1 minute') THEN
      RETURN;
    END IF;
    INSERT INTO application_users AS known
        (organization_id, application_id, sub, user_organization_id, grant_type, first_at, last_at)
      VALUES (p_organization, p_application, p_sub, p_user_organization, p_grant, p_at, p_at)
      ON CONFLICT (organization_id, application_id, sub) DO UPDATE
        SET last_at = greatest(known.last_at, excluded.last_at),
          grant_type = CASE p_grant WHEN 'refresh_token' THEN known.grant_type ELSE p_grant END;
  END $$;
  CREATE FUNCTION note_application_users(
    p_organization uuid, p_applications uuid[], p_subs uuid[], p_user_organizations uuid[], p_grants text[],
    p_at timestamptz[])
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    -- In one order, so that two instances never wait for each other.
    PERFORM note_application_user(p_organization, application, sub, user_organization, given, at)
      FROM (SELECT * FROM unnest(p_applications, p_subs, p_user_organizations, p_grants, p_at)
        AS noted (application, sub, user_organization, given, at) ORDER BY application, sub) AS ordered;
  END $$;
`;

const INSERT_FAMILY = `
  CREATE FUNCTION insert_refresh_family(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_scope text, p_auth_time bigint, p_amr text[], p_created timestamptz, p_absolute timestamptz,
    p_expires timestamptz, p_hash bytea, p_application uuid, p_grant text)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM insert_refresh_family(p_organization, p_day, p_id, p_client, p_sub, p_user_organization, p_proof,
      p_scope, p_auth_time, p_amr, p_created, p_absolute, p_expires, p_hash);
    PERFORM note_application_user(p_organization, p_application, p_sub, p_user_organization, p_grant, p_created);
  END $$;
`;
