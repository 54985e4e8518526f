import type { Call } from '@keyward/bus';
import { ServiceError, type Organization } from '@keyward/contracts';
import { isOfUnknownKey, verifyByAny } from '@keyward/runtime';
import { decodeJwt, errors, type JWTPayload } from 'jose';
import { isCanonical } from '../tokens/canonical';
import { grantOf, type Grant } from '../tokens/grant';
import type { IssuerKeys } from './issuer-keys';
import type { Trust, TrustedIssuers } from './trusted-issuers';

/** No MAC, which could be made with a public key, and no `none` (RFC 8725 §3.1). */
const ALGORITHMS = [
  'ES256',
  'ES384',
  'ES512',
  'PS256',
  'PS384',
  'PS512',
  'RS256',
  'RS384',
  'RS512',
  'EdDSA',
  'Ed25519',
];
const OWN_TYPE = /^(?:application\/)?at\+jwt$/i;
const ANY_TYPE = /^(?:application\/)?(?:at\+)?jwt$/i;
/** Claims of ID and logout tokens (OpenID Connect Core §2, Back-Channel Logout §2.4): neither is an access token, whatever its type. */
const OTHERS = ['nonce', 'at_hash', 'c_hash', 's_hash', 'events'];
/** Another clock's, seconds. */
const SKEW = 30;
/** Revocations of a consumer key are remembered for a day: no token may outlive that. */
const LONGEST_LIFE = 24 * 3600;
const LONGEST_SUBJECT = 255;

/** Reads JWT access tokens of issuers that an organization trusts beside its own (RFC 9068 §4). */
export class ForeignTokens {
  constructor(
    private readonly issuers: TrustedIssuers,
    private readonly keys: Pick<IssuerKeys, 'of'>,
    private readonly issuerOf: (orgkey: string) => string,
  ) {}

  /** Whose token it says it is, if that is one the organization trusts: of no other anything is looked up, asked or fetched. */
  trustOf(token: string, { id, key }: Organization): Trust | undefined {
    const trusted = this.issuers.of(id);
    if (!trusted) return undefined;
    const issuer = claimedIssuer(token);
    return issuer === undefined || issuer === this.issuerOf(key) ? undefined : trusted.get(issuer);
  }

  isCurrent(trust: Trust): boolean {
    return this.issuers.isCurrent(trust);
  }

  /** `undefined` for what is not a valid token of that issuer for this organization. Fails when its keys are not known. */
  async read(
    token: string,
    hash: string,
    trust: Trust,
    organization: Organization,
    call: Call,
  ): Promise<Grant | undefined> {
    if (!isCanonical(token)) return undefined;
    const claims = (await this.verified(token, trust, call, false)) ?? (await this.verified(token, trust, call, true));
    return claims ? admitted(claims, hash, trust, organization) : undefined;
  }

  /** `undefined` when none of the keys that are known is the one it is of; `null` for whatever else is wrong. */
  private async verified(
    token: string,
    trust: Trust,
    call: Call,
    newer: boolean,
  ): Promise<JWTPayload | null | undefined> {
    const { issuer, access } = trust.record;
    try {
      const keys = await this.keys.of(trust, call, newer);
      const { payload, protectedHeader } = await verifyByAny(token, keys, {
        ...{ algorithms: ALGORITHMS, issuer, audience: access.audience, clockTolerance: SKEW },
        requiredClaims: ['exp', 'iat', 'sub'],
      });
      const { typ } = protectedHeader;
      const isType = access.anyType ? typ === undefined || ANY_TYPE.test(typ) : OWN_TYPE.test(typ ?? '');
      return isType && !OTHERS.some((claim) => claim in payload) ? payload : null;
    } catch (error) {
      if (isOfUnknownKey(error, token)) return undefined;
      // A key that does not fit its algorithm is a TypeError; a trust that has just ended is not there any more.
      if (error instanceof errors.JOSEError || error instanceof TypeError) return null;
      if (error instanceof ServiceError && error.code === 'not_found') return null;
      throw error;
    }
  }
}

/**
 * What a token grants here: the scopes and the consumer key that its own were mapped to. Its subject is of the issuer, so it can be
 * taken for no user of ours and no user of another issuer; its name is the hash of the token, which nobody can choose.
 */
function admitted(claims: JWTPayload, hash: string, trust: Trust, organization: Organization): Grant | undefined {
  const { name, access } = trust.record;
  const { sub = '', iat = 0, exp = 0 } = claims;
  const client = claims[access.clientClaim ?? 'client_id'];
  const consumerKey = typeof client === 'string' ? trust.clients.get(client) : undefined;
  if (
    consumerKey === undefined ||
    sub === '' ||
    sub.length > LONGEST_SUBJECT ||
    exp - iat > LONGEST_LIFE ||
    iat > Date.now() / 1000 + SKEW
  )
    return undefined;
  const scopes = scopesIn(claims[access.scopeClaim ?? 'scope']).flatMap((scope) => trust.scopes.get(scope) ?? []);
  const grant = grantOf(organization, {
    ...{ client_id: consumerKey, sub: `${name}:${sub}`, org: organization.key, scope: scopes.join(' ') },
    ...{ jti: `${name}:${hash}`, iat, exp, cnf: claims['cnf'] },
    // RFC 9068 §2.2: a client that is its own subject acts for nobody else.
    ...(sub !== client && { auth_time: iat }),
  });
  return grant && { ...grant, isForeign: true };
}

/** A text with blanks in it (RFC 9068 §2.2.3), or a list. */
function scopesIn(value: unknown): string[] {
  if (typeof value === 'string') return value.split(' ');
  return Array.isArray(value) ? value.filter((scope): scope is string => typeof scope === 'string') : [];
}

function claimedIssuer(token: string): string | undefined {
  try {
    const { iss } = decodeJwt(token);
    return typeof iss === 'string' ? iss : undefined;
  } catch {
    return undefined;
  }
}
