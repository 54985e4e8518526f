/** What a code came to know later than others. */
interface Knowing {
  /** The claims that were asked for by name (OpenID Connect Core 1.0 §5.5). */
  claims?: boolean;
  /** The key that its client must show to hold (RFC 9449 §10). */
  key?: boolean;
  /** That its family knows its session. */
  session?: boolean;
}

/** Migration: gives the functions to the service. */
export const GRANT_CODE_FUNCTIONS = 'GRANT EXECUTE ON FUNCTION insert_code, redeem_code TO keyward_token;';

const OTHER_KEY = `    ELSIF c.dpop_jkt <> coalesce(p_jkt, '') THEN
      outcome := 'dpop_jkt';
`;

const KEEP_CLAIMS = `      claims := c.claims;
      IF jsonb_array_length(c.claims->'userinfo') > 0 THEN
        UPDATE refresh_families f SET userinfo_claims = ARRAY(SELECT jsonb_array_elements_text(c.claims->'userinfo'))
          WHERE f.organization_id = p_organization AND f.day = p_day AND f.id = p_id;
      END IF;
`;

/**
 * The one place that decides about a use of a code, under the row's lock. A code is over after its first use, whatever
 * came of it (AC-04, AC-08); a second one ends what the first gave (AC-02), which is there before the lock is given back.
 */
export function codeFunctions(knowing: Knowing = {}): string {
  const claims = (sql: string) => (knowing.claims ? sql : '');
  const key = (sql: string) => (knowing.key ? sql : '');
  const session = (sql: string) => (knowing.session ? sql : '');
  return `
  CREATE FUNCTION insert_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_sub uuid, p_user_organization uuid,
    p_session uuid, p_session_day date, p_redirect_uri text, p_challenge text, p_scope text, p_nonce text,
    p_auth_time bigint, p_amr text[], p_expires timestamptz${claims(', p_claims jsonb')}${key(', p_jkt text')})
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO authorization_codes (organization_id, day, id, hash, client_id, sub, user_organization_id, session_id,
        session_day, redirect_uri, challenge, scope, nonce, auth_time, amr, expires_at${claims(', claims')}${key(', dpop_jkt')})
      VALUES (p_organization, p_day, p_id, p_hash, p_client, p_sub, p_user_organization, p_session,
        p_session_day, p_redirect_uri, p_challenge, p_scope, p_nonce, p_auth_time, p_amr, p_expires${claims(', p_claims')}${key(', p_jkt')});
  END $$;
  CREATE FUNCTION redeem_code(
    p_organization uuid, p_day date, p_id uuid, p_hash bytea, p_client text, p_redirect_uri text, p_challenge text,
    p_not_before bigint, p_refresh_hash bytea, p_proof bytea, p_now timestamptz, p_absolute timestamptz,
    p_expires timestamptz${key(', p_jkt text')})
  RETURNS TABLE (outcome text, scope text, nonce text, auth_time bigint, amr text[], session_id uuid${claims(', claims jsonb')})
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
${key(OTHER_KEY)}    ELSIF c.auth_time < p_not_before THEN
      outcome := 'outdated';
    ELSIF NOT EXISTS (SELECT FROM sessions s WHERE s.organization_id = p_organization AND s.day = c.session_day
        AND s.id = c.session_id AND s.ended_at IS NULL) THEN
      outcome := 'signed out';
    ELSE
      outcome := 'redeemed';
      PERFORM insert_refresh_family(p_organization, p_day, p_id, c.client_id, c.sub, c.user_organization_id, p_proof,
        c.scope, c.auth_time, c.amr, p_now, p_absolute, p_expires, p_refresh_hash${session(', c.session_id')});
      INSERT INTO session_grants (organization_id, day, session_id, family_id, sub, client_id, offline)
        VALUES (p_organization, c.session_day, c.session_id, p_id, c.sub, c.client_id,
          'offline_access' = ANY (string_to_array(c.scope, ' ')));
      scope := c.scope;
      nonce := c.nonce;
      auth_time := c.auth_time;
      amr := c.amr;
      session_id := c.session_id;
${claims(KEEP_CLAIMS)}    END IF;
    RETURN NEXT;
  END $$;
`;
}
