import type { MigrationInterface, QueryRunner } from 'typeorm';
import { BEGIN_PUSHED_REQUEST } from './1763900000200-pushed-requests';

/** That a pushed request's user has signed in for it holds for that session alone, and not for other browsers. */
export class WhoSignedIn1764040000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION begin_pushed_request;
      ALTER TABLE pushed_requests DROP COLUMN signed_in, ADD COLUMN signed_in_by uuid;
      COMMENT ON COLUMN pushed_requests.signed_in_by IS 'the session whose user has signed in for it';
      ${BEGIN_BY_SESSION} ${GRANT}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION begin_pushed_request;
      ALTER TABLE pushed_requests DROP COLUMN signed_in_by, ADD COLUMN signed_in boolean NOT NULL DEFAULT false;
      ${BEGIN_PUSHED_REQUEST} ${GRANT}`);
  }
}

const GRANT = 'GRANT EXECUTE ON FUNCTION begin_pushed_request TO keyward_token;';

/** As before, but for whose sign-in it is: the last one's. */
const BEGIN_BY_SESSION = `
  CREATE FUNCTION begin_pushed_request(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_session uuid, p_now timestamptz)
  RETURNS TABLE (params jsonb, signed_in_by uuid) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    RETURN QUERY UPDATE pushed_requests r
      SET begun_at = coalesce(r.begun_at, p_now), signed_in_by = coalesce(p_session, r.signed_in_by)
      WHERE r.organization_id = p_organization AND r.day = p_day AND r.id = p_id AND r.hash = p_hash
        AND r.client_id = p_client AND r.used_at IS NULL
        AND (r.expires_at > p_now OR r.begun_at > p_now - interval '30 minutes')
      RETURNING r.params, r.signed_in_by;
  END $$;
`;
