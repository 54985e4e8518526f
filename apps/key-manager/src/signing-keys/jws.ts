import { createHash, generateKeyPair, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import type { PublicJwk, SigningAlgorithm } from '@keyward/contracts';

const generate = promisify(generateKeyPair);
const signAsync = promisify<string, Buffer, KeyObject, Buffer>(sign);

/** Bits: 2030 by NIST SP 800-57 part 1, and a key signs for 90 days. */
const RSA_BITS = 2048;

const RSA = { modulusLength: RSA_BITS, publicExponent: 0x10001 };

/** RFC 7638 §3.2: the members that a thumbprint is of, in their order. */
const THUMBPRINT_OF = { ES256: ['crv', 'kty', 'x', 'y'], RS256: ['e', 'kty', 'n'] } as const;

/** A key pair that is nobody's yet. */
export interface KeyPair {
  publicJwk: PublicJwk;
  privateJwk: JsonWebKey;
}

/** A new key pair (RFC 7518 §3), whose `kid` no command line takes for an option, as it would one of 64. */
export async function newSigningKeyPair(alg: SigningAlgorithm): Promise<KeyPair> {
  const { privateKey } = alg === 'ES256' ? await generate('ec', { namedCurve: 'P-256' }) : await generate('rsa', RSA);
  const pair = keyPairOf(alg, privateKey.export({ format: 'jwk' }));
  return pair.publicJwk.kid.startsWith('-') ? newSigningKeyPair(alg) : pair;
}

/** The pair of a private key; its `kid` is the RFC 7638 thumbprint, so no two keys anywhere share one. */
function keyPairOf(alg: SigningAlgorithm, privateJwk: JsonWebKey): KeyPair {
  const members = Object.fromEntries(THUMBPRINT_OF[alg].map((name) => [name, privateJwk[name]]));
  const kid = createHash('sha256').update(JSON.stringify(members)).digest('base64url');
  return { publicJwk: { ...members, kid, use: 'sig', alg } as PublicJwk, privateJwk };
}

/** The protected header of every JWT of one type that one key signs, encoded. */
export const encodedHeader = (alg: SigningAlgorithm, typ: string, kid: string): string =>
  Buffer.from(JSON.stringify({ alg, typ, kid })).toString('base64url');

/**
 * A compact JWS (RFC 7515 §7.1). An ES256 signature takes less time than a trip to the thread pool, one of RS256 takes ten
 * times longer.
 */
export async function compactJws(
  alg: SigningAlgorithm,
  header: string,
  claims: object,
  key: KeyObject,
): Promise<string> {
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature =
    alg === 'ES256'
      ? sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' })
      : await signAsync('sha256', Buffer.from(input), key);
  return `${input}.${signature.toString('base64url')}`;
}
