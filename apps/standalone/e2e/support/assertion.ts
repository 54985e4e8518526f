import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT, type GenerateKeyPairResult, type JWK } from 'jose';
import { unique } from './operator';

/** A key pair of a client's own, with its public half as it is registered. */
export interface Pair extends GenerateKeyPairResult {
  jwk: JWK;
}

export async function pairOf(alg = 'ES256', kid: string | undefined = unique('kid')): Promise<Pair> {
  const pair = await generateKeyPair(alg, { extractable: true });
  return { ...pair, jwk: { ...(await exportJWK(pair.publicKey)), alg, kid } };
}

/** Unix seconds. */
export const now = (): number => Math.floor(Date.now() / 1000);

/** A JWS of these claims; `header` beside `alg` and `kid`. */
export const signed = (claims: object, { privateKey, jwk }: Pair, header: object = {}): Promise<string> =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: jwk.alg ?? '', kid: jwk.kid, ...header }).sign(privateKey);

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

/** The parameters of RFC 7523 §2.2 by which a client proves itself. */
export async function assertionOf(clientId: string, issuer: string, pair: Pair): Promise<Record<string, string>> {
  const claims = { iss: clientId, sub: clientId, aud: issuer, jti: randomUUID(), iat: now(), exp: now() + 60 };
  return { client_assertion_type: TYPE, client_assertion: await signed(claims, pair) };
}
