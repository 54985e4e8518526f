import type { Call } from '@keyward/bus';
import type { Organization, PublicJwk } from '@keyward/contracts';
import { decodeProtectedHeader, errors, importJWK, jwtVerify, type CryptoKey } from 'jose';
import type { JwksCache } from '../../openid/jwks-cache';
import { isCanonical } from './canonical';
import { grantOf, type Grant } from './grant';

/** Verifies JWT access tokens (RFC 9068 §4) with the keys of the one issuer that may have signed them. */
export class JwtReader {
  private readonly imported = new WeakMap<PublicJwk, Promise<CryptoKey | Uint8Array>>();

  constructor(
    private readonly keys: JwksCache,
    private readonly issuerOf: (orgkey: string) => string,
  ) {}

  /** `undefined` for all that is not a valid token of this organization, whatever the reason. Fails when keys are not known. */
  async read(token: string, organization: Organization, call: Call): Promise<Grant | undefined> {
    if (!isCanonical(token)) return undefined;
    const key = await this.keyOf(token, organization, call);
    if (!key) return undefined;
    const issuer = this.issuerOf(organization.key);
    try {
      const { payload } = await jwtVerify(token, await this.import(key), {
        algorithms: [key.alg],
        typ: 'at+jwt',
        issuer,
        audience: `${issuer}/api`,
        requiredClaims: ['exp', 'iat', 'jti', 'sub', 'org', 'client_id', 'scope'],
      });
      const grant = grantOf(organization, payload);
      return grant && { ...grant, kid: key.kid };
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }

  /** The key that its header names: of this organization, or none (RFC 8725 §3.10: nothing else in it is followed). */
  private async keyOf(token: string, { id }: Organization, call: Call): Promise<PublicJwk | undefined> {
    const kid = kidOf(token);
    if (kid === undefined) return undefined;
    const { keys } = await this.keys.of(id, call);
    const known = keys.find((key) => key.kid === kid);
    if (known) return known;
    // It may sign since that answer.
    const newest = await this.keys.newest(id, call);
    return newest.keys.find((key) => key.kid === kid);
  }

  private import(key: PublicJwk): Promise<CryptoKey | Uint8Array> {
    const imported = this.imported.get(key) ?? importJWK(key, key.alg);
    this.imported.set(key, imported);
    return imported;
  }
}

function kidOf(token: string): string | undefined {
  try {
    return decodeProtectedHeader(token).kid;
  } catch {
    return undefined;
  }
}
