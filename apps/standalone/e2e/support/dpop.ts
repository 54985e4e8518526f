import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { createHash, randomUUID } from 'node:crypto';
import { calculateJwkThumbprint } from 'jose';
import { now, pairOf, signed, type Pair } from './assertion';

const keyward = deployment();

/** A key of a client's own by which tokens are bound, RFC 9449. */
export interface DpopKey {
  jkt: string;
  proof(method: string, path: string, more?: { token?: string; claims?: object }): Promise<string>;
  /** A request with a proof; with a token, by the scheme `DPoP`. */
  send(path: string, options?: SendOptions & { token?: string }): Promise<Answer>;
}

export async function dpopKey(alg = 'ES256'): Promise<DpopKey> {
  const pair: Pair = await pairOf(alg);
  const jwk = { ...pair.jwk, kid: undefined, alg: undefined };
  const proof: DpopKey['proof'] = (htm, path, { token, claims = {} } = {}) => {
    const ath = token === undefined ? undefined : createHash('sha256').update(token).digest('base64url');
    const said = { jti: randomUUID(), htm, htu: new URL(path, keyward.baseUrl).href, iat: now(), ath };
    return signed({ ...said, ...claims }, pair, { typ: 'dpop+jwt', jwk, kid: undefined });
  };
  return {
    jkt: await calculateJwkThumbprint(pair.jwk),
    proof,
    send: async (path, { token, headers = {}, ...options } = {}) => {
      const method = options.method ?? (options.form ? 'POST' : 'GET');
      const dpop = headers['dpop'] ?? (await proof(method, path, { token }));
      const authorization: Record<string, string> = token === undefined ? {} : { authorization: `DPoP ${token}` };
      return keyward.send(path, { ...options, method, headers: { ...authorization, ...headers, dpop } });
    },
  };
}
