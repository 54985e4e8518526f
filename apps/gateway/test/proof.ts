import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK } from 'jose';

/** A key of a client's own, and proofs by it (RFC 9449 §4.2). */
export interface ProofKey {
  jwk: JWK;
  jkt: string;
  privateKey: CryptoKey;
  /** A proof for a request; `claims` and `header` change some of it, `undefined` leaves something out. */
  proof(method: string, url: string, claims?: object, header?: object): Promise<string>;
}

export async function proofKey(alg = 'ES256'): Promise<ProofKey> {
  const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = await exportJWK(publicKey);
  return {
    ...{ jwk, privateKey, jkt: await calculateJwkThumbprint(jwk) },
    proof: (htm, htu, claims = {}, header = {}) =>
      new SignJWT({ jti: randomUUID(), htm, htu, iat: Math.floor(Date.now() / 1000), ...claims })
        .setProtectedHeader({ alg, typ: 'dpop+jwt', jwk, ...header })
        .sign(privateKey),
  };
}

/** The `ath` of a token. */
export const athOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
