import { createHash, generateKeyPairSync, sign, type JsonWebKey, type KeyObject } from 'node:crypto';
import type { PublicJwk } from '@keyward/contracts';

/** A new ES256 key pair (RFC 7518 §3.4); `kid` is the RFC 7638 thumbprint, so no two keys anywhere share one. */
export function newSigningKeyPair(): { publicJwk: PublicJwk; privateJwk: JsonWebKey } {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const privateJwk = privateKey.export({ format: 'jwk' });
  const { x, y } = privateJwk;
  if (!x || !y) throw new Error('an EC key has x and y');
  const kid = createHash('sha256')
    .update(JSON.stringify({ crv: 'P-256', kty: 'EC', x, y }))
    .digest('base64url');
  return { publicJwk: { kty: 'EC', crv: 'P-256', x, y, kid, use: 'sig', alg: 'ES256' }, privateJwk };
}

/** The protected header of every JWT of one type that one key signs, encoded. */
export const encodedHeader = (typ: string, kid: string): string =>
  Buffer.from(JSON.stringify({ alg: 'ES256', typ, kid })).toString('base64url');

/** A compact JWS (RFC 7515 §7.1). Synchronous: a signature takes less time than a trip to the thread pool. */
export function compactJws(header: string, claims: object, key: KeyObject): string {
  const input = `${header}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}
