import { randomBytes } from 'node:crypto';
import { open } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { REDEEM_CODE_WITH_CLAIMS } from './1764000000001-requested-claims';

/**
 * The key of the nonces for DPoP proofs, and codes that are bound to a DPoP key ahead (RFC 9449 §8, §10). The key is stored as it
 * is: who reads it can make nonces, which say nothing but that a proof is fresh.
 */
export class DpopNonces1764010000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE dpop_nonce_keys (
        id int PRIMARY KEY CHECK (id = 1),
        key bytea NOT NULL
      )`);
    await runner.query('INSERT INTO dpop_nonce_keys (id, key) VALUES (1, $1)', [randomBytes(32)]);
    await open(runner, 'dpop_nonce_keys');
    await runner.query(`
      ALTER TABLE authorization_codes ADD COLUMN dpop_jkt text;
      DROP FUNCTION insert_code, redeem_code;
      ${REDEEM_CODE_WITH_KEY} ${GRANT}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION insert_code, redeem_code;
      ${REDEEM_CODE_WITH_CLAIMS} ${GRANT}
      ALTER TABLE authorization_codes DROP COLUMN dpop_jkt;
      DROP TABLE dpop_nonce_keys`);
  }
}

const GRANT = 'GRANT EXECUTE ON FUNCTION insert_code, redeem_code TO keyward_token;';

/** As before, and with the key that the client must show to hold. */
const REDEEM_CODE_WITH_KEY = `
  CREATE FUNCTION insert_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_sub uuid, p_user_organization uuid,
    p_session uuid, p_session_day date, p_redirect_uri text, p_challenge text, p_scope text, p_nonce text,
    p_auth_time bigint, p_amr text[], p_expires timestamptz, p_claims jsonb, p_jkt text)
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO authorization_codes (organization_id, day, id, hash, client_id, sub, user_organization_id, session_id,
        session_day, redirect_uri, challenge, scope, nonce, auth_time, amr, expires_at, claims,
        dpop_jkt)
      VALUES (p_organization, p_day, p_id, p_hash, p_client, p_sub, p_user_organization, p_session,
        p_session_day, p_redirect_uri, p_challenge, p_scope, p_nonce, p_auth_time, p_amr, p_expires, p_claims,
        p_jkt);
  END $$;
  CREATE FUNCTION redeem_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_redirect_uri text, p_challenge text,
    p_not_before bigint, p_refresh_hash bytea, p_proof bytea, p_now timestamptz, p_absolute timestamptz,
    p_expires timestamptz, p_jkt text)
  RETURNS TABLE (outcome text, scope text, nonce text, auth_time bigint, amr text[], session_id uuid, claims jsonb)
  LANGUAGE plpgsql AS $$
  DECLARE
    c authorization_codes;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    SELECT * INTO c FROM authorization_codes
      WHERE organization_id = p_organization AND day = p_day AND id = p_id FOR UPDATE;
    IF NOT FOUND OR c.hash <> p_hash THEN
      outcome := 'unknown';
      RETURN NEXT;
      RETURN;
    END IF;
    IF c.used_at IS NOT NULL THEN
      outcome := 'reuse';
      PERFORM revoke_refresh_family(p_organization, p_day, p_id, p_now);
      RETURN NEXT;
      RETURN;
    END IF;
    UPDATE authorization_codes SET used_at = p_now
      WHERE organization_id = p_organization AND day = p_day AND id = p_id;
    IF c.client_id <> p_client THEN
      outcome := 'client';
    ELSIF c.expires_at <= p_now THEN
      outcome := 'expired';
    ELSIF c.redirect_uri IS DISTINCT FROM p_redirect_uri THEN
      outcome := 'redirect_uri';
    ELSIF c.challenge IS DISTINCT FROM p_challenge THEN
      outcome := CASE WHEN c.challenge IS NULL THEN 'downgrade' ELSE 'verifier' END;
    ELSIF c.dpop_jkt <> coalesce(p_jkt, '') THEN
      outcome := 'dpop_jkt';
    ELSIF c.auth_time < p_not_before THEN
      outcome := 'outdated';
    ELSIF NOT EXISTS (SELECT FROM sessions s WHERE s.organization_id = p_organization AND s.day = c.session_day
        AND s.id = c.session_id AND s.ended_at IS NULL) THEN
      outcome := 'signed out';
    ELSE
      outcome := 'redeemed';
      PERFORM insert_refresh_family(p_organization, p_day, p_id, c.client_id, c.sub, c.user_organization_id, p_proof,
        c.scope, c.auth_time, c.amr, p_now, p_absolute, p_expires, p_refresh_hash);
      INSERT INTO session_grants (organization_id, day, session_id, family_id, sub, client_id, offline)
        VALUES (p_organization, c.session_day, c.session_id, p_id, c.sub, c.client_id,
          'offline_access' = ANY (string_to_array(c.scope, ' ')));
      scope := c.scope;
      nonce := c.nonce;
      auth_time := c.auth_time;
      amr := c.amr;
      session_id := c.session_id;
      claims := c.claims;
      IF jsonb_array_length(c.claims->'userinfo') > 0 THEN
        UPDATE refresh_families f SET userinfo_claims = ARRAY(SELECT jsonb_array_elements_text(c.claims->'userinfo'))
          WHERE f.organization_id = p_organization AND f.day = p_day AND f.id = p_id;
      END IF;
    END IF;
    RETURN NEXT;
  END $$;
`;
