/** What these functions came to know later than others. */
interface Knowing {
  /** The session that its user signed in by, which is the `sid` of its ID tokens. */
  session?: boolean;
  /** Whether reuse may end the family: not in a statement that goes on with another family (ADR 17). */
  ends?: boolean;
}

const SESSION = '      session_id := f.session_id;\n';

const since = (isKnown: boolean | undefined) => (sql: string) => (isKnown ? sql : '');

/** Each function is one round trip: it sets the organization itself, for its own statement only. */
export function insertFamily(knowing: Knowing = {}): string {
  const session = since(knowing.session);
  return `
  CREATE FUNCTION insert_refresh_family(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_scope text, p_auth_time bigint, p_amr text[], p_created timestamptz, p_absolute timestamptz,
    p_expires timestamptz, p_hash bytea${session(', p_session uuid DEFAULT NULL')})
  RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO refresh_families (organization_id, day, id, client_id, sub, user_organization_id, proof_hash, scope,
        auth_time, amr, created_at, absolute_expires_at, expires_at, current_hash${session(', session_id')})
      VALUES (p_organization, p_day, p_id, p_client, p_sub, p_user_organization, p_proof, p_scope,
        p_auth_time, p_amr, p_created, p_absolute, least(p_expires, p_absolute), p_hash${session(', p_session')});
  END $$;
`;
}

/** Every condition under which judge_refresh_token would say `rotated`; for anything else it is asked. */
export function rotateFamily(knowing: Knowing = {}): string {
  const session = since(knowing.session);
  const ends = since(knowing.ends);
  return `
  CREATE FUNCTION rotate_refresh_family(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_presented bytea, p_scope text[], p_not_before bigint, p_next bytea, p_sealed bytea, p_now timestamptz,
    p_lifetime int, p_grace int${ends(', p_ends boolean DEFAULT true')})
  RETURNS TABLE (outcome text, sealed bytea, scope text, auth_time bigint, amr text[]${session(', session_id uuid')}) LANGUAGE plpgsql AS $$
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
      RETURNING f.scope, f.auth_time, f.amr${session(', f.session_id')} INTO scope, auth_time, amr${session(', session_id')};
    IF FOUND THEN
      outcome := 'rotated';
      RETURN NEXT;
    ELSE
      RETURN QUERY SELECT * FROM judge_refresh_token(p_organization, p_day, p_id, p_client, p_sub, p_user_organization,
        p_proof, p_presented, p_scope, p_not_before, p_next, p_sealed, p_now, p_lifetime, p_grace${ends(', p_ends')});
    END IF;
  END $$;
`;
}

const UNLESS_IT_ENDS = `      IF NOT p_ends THEN
        RETURN NEXT;
        RETURN;
      END IF;
`;

/** For as long as an access token lives, a day at most, and a minute more where a clock is behind. */
const TOLD = `      PERFORM tell_revoked(p_organization, (now() AT TIME ZONE 'UTC')::date, 'family', p_id::text, NULL,
        greatest(p_now, now()) + interval '1 day 1 minute');
`;

/**
 * The one place that decides about a use of a refresh token, under the row's lock; what the token says of itself counts
 * for nothing until the row agrees. The direct predecessor is a retry as long as its successor is unused and the grace
 * lasts; whatever else proves to be of this family is reuse and ends it (RFC 9700 §4.14.2), and what only names it is
 * unknown. Without a new hash the token stays; its predecessor is over all the same, because its successor was used.
 * It began as `rotate_refresh_family`, when nobody was told of reuse.
 */
export function judgeToken(knowing: Knowing = {}, name = 'judge_refresh_token', told = true): string {
  const session = since(knowing.session);
  const ends = since(knowing.ends);
  return `
  CREATE OR REPLACE FUNCTION ${name}(
    p_organization uuid, p_day date, p_id uuid, p_client text, p_sub uuid, p_user_organization uuid, p_proof bytea,
    p_presented bytea, p_scope text[], p_not_before bigint, p_next bytea, p_sealed bytea, p_now timestamptz,
    p_lifetime int, p_grace int${ends(', p_ends boolean DEFAULT true')})
  RETURNS TABLE (outcome text, sealed bytea, scope text, auth_time bigint, amr text[]${session(', session_id uuid')}) LANGUAGE plpgsql AS $$
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
${ends(UNLESS_IT_ENDS)}      UPDATE refresh_families SET revoked_at = p_now
        WHERE organization_id = p_organization AND day = p_day AND id = p_id;
${told ? TOLD : ''}    ELSIF f.auth_time < p_not_before THEN
      outcome := 'outdated';
    ELSIF NOT p_scope <@ string_to_array(f.scope, ' ') THEN
      outcome := 'scope';
    ELSE
      scope := f.scope;
      auth_time := f.auth_time;
      amr := f.amr;
${session(SESSION)}      IF is_retry THEN
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
}
