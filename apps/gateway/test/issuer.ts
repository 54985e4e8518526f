import { getJwks, type Jwks, type Organization, type PublicJwk } from '@keyward/contracts';
import { calculateJwkThumbprint, exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWTPayload } from 'jose';
import type { Services } from './started-gateway';

/** A signing key of an organization, as the key manager would have it. */
export interface TestIssuer {
  issuer: string;
  kid: string;
  jwk: PublicJwk;
  privateKey: CryptoKey;
  /** The claims of a user's token; `claims` changes some. */
  claims(claims?: JWTPayload): JWTPayload;
  /** A JWT access token. */
  token(claims?: JWTPayload, header?: Record<string, unknown>): Promise<string>;
}

/** Makes issuers whose keys the services answer with, as the tests' `PUBLIC_URL` names them. */
export async function makeIssuers(services: Services, organizations: Organization[]): Promise<TestIssuer[]> {
  const made = await Promise.all(organizations.map(makeIssuer));
  const keys = new Map<string, Jwks>(organizations.map(({ id }, n) => [id, { keys: [made[n]!.jwk] }]));
  services.on(getJwks, ({ organizationId }) => keys.get(organizationId) ?? { keys: [] });
  return made;
}

async function makeIssuer({ key }: Organization): Promise<TestIssuer> {
  const { publicKey, privateKey } = await generateKeyPair('ES256', { extractable: true });
  const bare = await exportJWK(publicKey);
  const kid = await calculateJwkThumbprint(bare);
  const jwk = { ...bare, kid, use: 'sig', alg: 'ES256' } as PublicJwk;
  const issuer = `https://id.example/t/${key}`;
  const now = Math.floor(Date.now() / 1000);
  const claimsOf = (claims: JWTPayload = {}): JWTPayload => ({
    ...{ iss: issuer, aud: `${issuer}/api`, sub: '9f1f6f0e-0000-4000-8000-000000000001', org: key },
    ...{ client_id: 'client', scope: 'default', jti: crypto.randomUUID(), iat: now, exp: now + 3600 },
    ...{ auth_time: now, amr: ['pwd'], ...claims },
  });
  return {
    ...{ issuer, kid, jwk, privateKey, claims: claimsOf },
    token: (claims = {}, header = {}) =>
      new SignJWT(claimsOf(claims))
        .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid, ...header })
        .sign(privateKey),
  };
}
