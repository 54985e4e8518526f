import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The common use of a refresh token is decided and done by one UPDATE, which takes the row's lock itself. Only what it does
 * not match is looked at under `FOR UPDATE`, which is a second write of the row and of its log record.
 */
export class RotationInOneStatement1763700000002 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER FUNCTION rotate_refresh_family RENAME TO judge_refresh_token;
      ${ROTATE_FAMILY}
      REVOKE ALL ON FUNCTION rotate_refresh_family FROM PUBLIC;
      GRANT EXECUTE ON FUNCTION rotate_refresh_family TO keyward_token;
    `);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION rotate_refresh_family;
      ALTER FUNCTION judge_refresh_token RENAME TO rotate_refresh_family;
    `);
  }
}

/** Every condition under which judge_refresh_token would say \`rotated\`; for anything else it is asked. */
const ROTATE_FAMILY = `
  CREATE FUNCTION rotate_refresh_family(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_presented bytea, p_scope text[], p_not_before bigint, p_next bytea, p_sealed bytea, p_now timestamptz,
    p_lifetime int, p_grace int)
  RETURNS TABLE (outcome text, sealed bytea, scope text, auth_time bigint, amr text[]) LANGUAGE plpgsql AS $$
  DECLARE
    -- An assignment is evaluated without a query of its own.
    organization text := set_config('app.organization', p_organization::text, true);
  BEGIN
    UPDATE refresh_families AS f
      SET current_hash = p_next, previous_hash = p_presented, successor = p_sealed, rotated_at = p_now,
        expires_at = least(p_now + p_lifetime * interval '1 second', f.absolute_expires_at)
      WHERE f.organization_id = p_organization AND f.day = p_day AND f.id = p_id AND p_next IS NOT NULL
        AND f.current_hash = p_presented AND f.client_id = p_client AND f.sub = p_sub
        AND f.user_organization_id = p_user_organization AND f.proof_hash = p_proof AND f.revoked_at IS NULL
        AND f.expires_at > p_now AND f.absolute_expires_at > p_now AND f.auth_time >= p_not_before
        AND (p_scope IS NULL OR p_scope <@ string_to_array(f.scope, ' '))
      RETURNING f.scope, f.auth_time, f.amr INTO scope, auth_time, amr;
    IF FOUND THEN
      outcome := 'rotated';
      RETURN NEXT;
    ELSE
      RETURN QUERY SELECT * FROM judge_refresh_token(p_organization, p_day, p_id, p_client, p_sub, p_user_organization,
        p_proof, p_presented, p_scope, p_not_before, p_next, p_sealed, p_now, p_lifetime, p_grace);
    END IF;
  END $$;
`;
