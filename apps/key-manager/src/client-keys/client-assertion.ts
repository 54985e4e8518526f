import type { ClientJwks } from '@keyward/contracts';
import { createLocalJWKSet, errors, jwtVerify, type JWTPayload } from 'jose';

/** What may sign, CA-21: no `none`, and no MAC, which could be made with a public key. */
export const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'];
/** CA-23, seconds. */
export const LONGEST_LIFE = 300;
export const SKEW = 30;
/** Absent, as most clients have it, or the type of draft-ietf-oauth-rfc7523bis §4; no token of another kind passes for one. */
const TYPES = [undefined, 'jwt', 'client-authentication+jwt', 'application/client-authentication+jwt'];

/** What a valid assertion says. */
export interface Assertion extends JWTPayload {
  jti: string;
  exp: number;
}

/** How an assertion was judged: one that names a key of its own may be signed by a newer one than we know. */
export type Verdict = { assertion: Assertion } | { unknownKey: boolean };

/** Verifies an assertion of a client for an audience, RFC 7523 §3; `now` in Unix milliseconds. */
export async function verifyAssertion(
  jwt: string,
  jwks: ClientJwks,
  { clientId, audience, now }: { clientId: string; audience: string; now: number },
): Promise<Verdict> {
  const keys = createLocalJWKSet(jwks);
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, keys, {
      algorithms: ASSERTION_ALGORITHMS,
      issuer: clientId,
      subject: clientId,
      audience,
      requiredClaims: ['exp', 'jti'],
      clockTolerance: SKEW,
      currentDate: new Date(now),
    });
    const isMeantSo = TYPES.includes(protectedHeader.typ?.toLowerCase()) && isShort(payload, now);
    return isMeantSo ? { assertion: payload as Assertion } : { unknownKey: false };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { unknownKey: error instanceof errors.JWKSNoMatchingKey };
    // A key that does not fit its algorithm, or a token of another shape.
    if (error instanceof TypeError) return { unknownKey: false };
    throw error;
  }
}

/** CA-22: one audience, as a string. CA-23: a name, a short life, and not of the future. */
function isShort({ aud, jti, exp = 0, iat }: JWTPayload, now: number): boolean {
  const seconds = now / 1000;
  const begins = iat ?? seconds;
  return (
    typeof aud === 'string' &&
    typeof jti === 'string' &&
    jti.length > 0 &&
    jti.length <= 256 &&
    begins <= seconds + SKEW &&
    exp - begins <= LONGEST_LIFE
  );
}
