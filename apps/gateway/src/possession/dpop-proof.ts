import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { DpopProof } from '@keyward/contracts';
import { calculateJwkThumbprint, EmbeddedJWK, errors, jwtVerify } from 'jose';

/** What may sign a proof: no `none`, and no MAC (RFC 9449 §4.3). */
export const DPOP_ALGORITHMS = ['ES256', 'ES384', 'PS256', 'RS256', 'EdDSA', 'Ed25519'];
/** How long before or after now it may have been made, seconds: a request takes less, clocks differ. */
const WINDOW = 60;
const LONGEST = 8192;
const LONGEST_JTI = 256;

/** What a proof has to be for; `token` is the access token beside it, if any. */
export interface ProofFor {
  /** As clients know it; a query does not count. */
  url: string;
  token?: string;
}

/** Whether a request brings proofs, whatever they are worth. */
export const bringsProof = ({ headers }: IncomingMessage): boolean => headers['dpop'] !== undefined;

/** The proof of a request, RFC 9449 §4.3. `undefined` when it is not valid, there is none, or there are two. */
export async function proofOf(request: IncomingMessage, { url, token }: ProofFor): Promise<DpopProof | undefined> {
  const jwt = onlyHeader('dpop', request.rawHeaders);
  if (jwt === undefined || jwt.length > LONGEST) return undefined;
  try {
    const { payload, protectedHeader } = await jwtVerify(jwt, EmbeddedJWK, {
      algorithms: DPOP_ALGORITHMS,
      typ: 'dpop+jwt',
      requiredClaims: ['jti', 'htm', 'htu', 'iat'],
    });
    const { jti, htm, htu, iat, ath, nonce } = payload;
    const isFor = htm === request.method && typeof htu === 'string' && normal(htu) === normal(url);
    const isNow = iat !== undefined && Math.abs(Date.now() / 1000 - iat) <= WINDOW;
    const isNamed = typeof jti === 'string' && jti !== '' && jti.length <= LONGEST_JTI;
    const isNonce = nonce === undefined || (typeof nonce === 'string' && nonce.length <= LONGEST_JTI);
    if (!isFor || !isNow || !isNamed || !isNonce || !protectedHeader.jwk) return undefined;
    if (token !== undefined && ath !== createHash('sha256').update(token).digest('base64url')) return undefined;
    const jkt = await calculateJwkThumbprint(protectedHeader.jwk);
    return { jkt, jti, iat: Math.floor(iat), ...(nonce !== undefined && { nonce }) };
  } catch (error) {
    if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** RFC 9449 §7.1. */
export const dpopChallenge = (more: string): string =>
  `DPoP realm="keyward"${more}, algs="${DPOP_ALGORITHMS.join(' ')}"`;

/** The value of a header that is there once: who takes the first and who the last of two would disagree. */
function onlyHeader(name: string, rawHeaders: readonly string[]): string | undefined {
  const values = rawHeaders.filter((_, n) => n % 2 === 1 && rawHeaders[n - 1]?.toLowerCase() === name);
  return values.length === 1 ? values[0] : undefined;
}

const UNRESERVED = /[\w.~-]/;

/** RFC 3986 §6.2.2, §6.2.3, without query and fragment. */
function normal(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { origin, pathname, username, password } = new URL(text);
  if (username || password || origin === 'null') return undefined;
  const path = pathname.replace(/%[\da-f]{2}/gi, (encoded) => {
    const character = String.fromCharCode(parseInt(encoded.slice(1), 16));
    return UNRESERVED.test(character) ? character : encoded.toUpperCase();
  });
  return `${origin}${path}`;
}
