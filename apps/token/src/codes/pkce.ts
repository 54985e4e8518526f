import { createHash } from 'node:crypto';

/** RFC 7636 §4.1: 43 to 128 unreserved characters. */
const VERIFIER = /^[A-Za-z0-9._~-]{43,128}$/;
/** RFC 7636 §4.2: a SHA-256 in base64url. */
const CHALLENGE = /^[A-Za-z0-9_-]{43}$/;

/** The `S256` challenge of a verifier; `undefined` for what is none (PK-06). */
export const challengeOf = (verifier: string): string | undefined =>
  VERIFIER.test(verifier) ? createHash('sha256').update(verifier, 'latin1').digest('base64url') : undefined;

/** Whether something can be an `S256` challenge at all. */
export const isChallenge = (challenge: string): boolean => CHALLENGE.test(challenge);
