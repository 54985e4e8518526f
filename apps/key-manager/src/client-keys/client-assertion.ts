import type { ClientJwks } from '@keyward/contracts';
import { isOfUnknownKey, verifyByAny } from '@keyward/runtime';
import { createLocalJWKSet, errors, type JWTPayload } from 'jose';

/** What may sign, CA-21: no `none`, and no MAC, which could be made with a public key. */
export const ASSERTION_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'];
/** CA-23, seconds. */
export const LONGEST_LIFE = 300;
export const SKEW = 30;
/** Absent, as most clients have it, or the type of draft-ietf-oauth-rfc7523bis §4; no token of another kind passes for one. */
const TYPES = {
  client: [undefined, 'jwt', 'client-authentication+jwt', 'application/client-authentication+jwt'],
  grant: [undefined, 'jwt', 'authorization-grant+jwt', 'application/authorization-grant+jwt'],
};

/** What a valid assertion says. */
export interface Assertion extends JWTPayload {
  jti: string;
  exp: number;
  sub: string;
}

/** What an assertion has to say; `now` in Unix milliseconds. */
export interface Expected {
  /** The client; of a grant, somebody whom the organization trusts. */
  issuer: string;
  /** The client; of a grant, anybody. */
  subject?: string;
  audience: string;
  now: number;
}

/** How an assertion was judged: one that is of no key that we know may be signed by a newer one. */
export type Verdict = { assertion: Assertion } | { unknownKey: boolean };

/** Verifies an assertion by its issuer's keys, RFC 7523 §3. */
export async function verifyAssertion(
  jwt: string,
  jwks: ClientJwks,
  { issuer, subject, audience, now }: Expected,
): Promise<Verdict> {
  try {
    const { payload, protectedHeader } = await verifyByAny(jwt, createLocalJWKSet(jwks), {
      algorithms: ASSERTION_ALGORITHMS,
      issuer,
      subject,
      audience,
      requiredClaims: ['exp', 'jti', 'sub'],
      clockTolerance: SKEW,
      currentDate: new Date(now),
    });
    const types = subject === undefined ? TYPES.grant : TYPES.client;
    const isMeantSo = types.includes(protectedHeader.typ?.toLowerCase()) && isShort(payload, now);
    return isMeantSo ? { assertion: payload as Assertion } : { unknownKey: false };
  } catch (error) {
    if (error instanceof errors.JOSEError) return { unknownKey: isOfUnknownKey(error, jwt) };
    // A key that does not fit its algorithm, or a token of another shape.
    if (error instanceof TypeError) return { unknownKey: false };
    throw error;
  }
}

/** CA-22: one audience, as a string. CA-23: a name, a short life, and not of the future. */
function isShort({ aud, sub, jti, exp = 0, iat }: JWTPayload, now: number): boolean {
  const seconds = now / 1000;
  const begins = iat ?? seconds;
  return (
    typeof aud === 'string' &&
    typeof sub === 'string' &&
    typeof jti === 'string' &&
    jti.length > 0 &&
    jti.length <= 256 &&
    begins <= seconds + SKEW &&
    exp - begins <= LONGEST_LIFE
  );
}
