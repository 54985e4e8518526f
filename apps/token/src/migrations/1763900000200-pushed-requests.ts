import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Authorization requests that clients have pushed (RFC 9126). They live for minutes, and are partitioned as codes are. */
export class PushedRequests1763900000200 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(TABLE);
    await isolate(runner, 'pushed_requests');
    await runner.query(FUNCTIONS);
    await runner.query(
      `GRANT EXECUTE ON FUNCTION insert_pushed_request, begin_pushed_request, use_pushed_request TO keyward_token`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_pushed_request, begin_pushed_request, use_pushed_request;
      DROP TABLE pushed_requests;
    `);
  }
}

const TABLE = `
  CREATE TABLE pushed_requests (
    organization_id uuid NOT NULL,
    day date NOT NULL,
    id uuid NOT NULL,
    hash bytea NOT NULL,
    client_id text NOT NULL,
    params jsonb NOT NULL,
    expires_at timestamptz NOT NULL,
    begun_at timestamptz,
    signed_in boolean NOT NULL DEFAULT false,
    used_at timestamptz,
    PRIMARY KEY (organization_id, day, id)
  ) PARTITION BY LIST (day);
  COMMENT ON COLUMN pushed_requests.expires_at IS 'until when a browser may begin with it; then its user has half an hour';
`;

/** A browser is at it: notes so, and whether its user has just signed in. */
export const BEGIN_PUSHED_REQUEST = `
  CREATE FUNCTION begin_pushed_request(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_signed_in boolean, p_now timestamptz)
  RETURNS TABLE (params jsonb, signed_in boolean) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    RETURN QUERY UPDATE pushed_requests r
      SET begun_at = coalesce(r.begun_at, p_now), signed_in = r.signed_in OR p_signed_in
      WHERE r.organization_id = p_organization AND r.day = p_day AND r.id = p_id AND r.hash = p_hash
        AND r.client_id = p_client AND r.used_at IS NULL
        AND (r.expires_at > p_now OR r.begun_at > p_now - interval '30 minutes')
      RETURNING r.params, r.signed_in;
  END $$;
`;

/** It is used up by the one answer that it gets, so that its pages can be reloaded until then (RFC 9126 §4). */
const FUNCTIONS = `
  CREATE FUNCTION insert_pushed_request(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_params jsonb, p_expires timestamptz)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO pushed_requests (organization_id, day, id, hash, client_id, params, expires_at)
      VALUES (p_organization, p_day, p_id, p_hash, p_client, p_params, p_expires);
  END $$;
  ${BEGIN_PUSHED_REQUEST}
  CREATE FUNCTION use_pushed_request(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS boolean LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE pushed_requests SET used_at = p_now
      WHERE organization_id = p_organization AND day = p_day AND id = p_id AND used_at IS NULL;
    RETURN FOUND;
  END $$;
`;
