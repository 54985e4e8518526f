import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import { familyOf, ServiceError } from '@keyward/contracts';
import { DataSource } from 'typeorm';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { revokeAccessToken } from '../access-tokens/issued-tokens';
import type { AccessTokenClaims } from '../claims';
import type { Authenticated } from '../client-authentication';
import { Clock, inSeconds } from '../clock';
import { revokeFamily } from '../refresh-tokens/refresh-family';
import { RevocationFeed } from '../revocation/revocation-feed';
import { seal, unseal } from '../seal';
import { findStanding, placeStanding, type Standing } from './standing-row';

/** Tokens that a request gets. */
export interface Tokens {
  accessToken: string;
  claims: AccessTokenClaims;
  refreshToken?: string;
  /** Seconds, from now. */
  expiresIn: number;
  /** That its user has used the application is on record with these. */
  isNoted: boolean;
}

/** Whose tokens they are. */
export interface Whose extends Authenticated {
  sub: string;
  scope: string;
  /** The key that they are bound to. */
  cnf?: object;
  /** An assertion is asked for again in place of a refresh token: what is given out again has none. */
  asserted: boolean;
}

/** How often another request may have been faster. */
const TRIES = 4;

/**
 * The one access token that stands for a subject and its scopes at a client whose policy is not `new`: given out again
 * while it is alive, or ended by the next. Many requests at once agree on one, without an error (compatibility.md §1.6).
 */
@Injectable()
export class StandingTokens {
  constructor(
    private readonly dataSource: DataSource,
    private readonly reader: AccessTokenReader,
    private readonly revocations: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /** `renews`: the grant has a family already, which goes on, so that these tokens take the place of those before. */
  async choose(whose: Whose, renews: boolean, call: Call, issue: () => Promise<Tokens>): Promise<Tokens> {
    const { client, secret } = whose;
    if (client.accessTokenPolicy === 'new') return issue();
    const standing = standingOf(whose);
    const ends = renews || client.accessTokenPolicy === 'single';
    for (let tries = 0; tries < TRIES; tries++) {
      const found = ends ? undefined : await findStanding(this.dataSource, standing, inSeconds(this.clock.now()));
      const again = found && (await this.reopen(found.sealed, secret, standing, whose, call));
      if (again) return again;
      const tokens = await issue();
      if (await this.place(tokens, secret, standing, { found: found?.jti, ends })) return tokens;
      await this.discard(tokens, client.organizationId);
    }
    throw new ServiceError('temporarily_unavailable', undefined, { retryAfter: 1 });
  }

  /** `undefined` for what has been revoked since, and what another secret of the client has sealed. */
  private async reopen(
    sealed: Buffer | null,
    secret: string | undefined,
    standing: Standing,
    { client, organization }: Whose,
    call: Call,
  ): Promise<Tokens | undefined> {
    const texts = sealed && secret !== undefined ? open(sealed, secret, standing) : undefined;
    const live = texts && (await this.reader.readLive(texts.accessToken, organization, call, client));
    const expiresIn = live && live.claims.exp - inSeconds(this.clock.now());
    return expiresIn ? { ...texts, claims: live.claims, expiresIn, isNoted: false } : undefined;
  }

  private async place(
    { claims, accessToken, refreshToken }: Tokens,
    secret: string | undefined,
    standing: Standing,
    { found, ends }: { found?: string; ends: boolean },
  ): Promise<boolean> {
    const { jti, iat, exp: expiresAt } = claims;
    const sealed =
      secret === undefined
        ? undefined
        : seal(under(secret, standing), Buffer.from(JSON.stringify({ accessToken, refreshToken })));
    const row = { jti, iat, expiresAt, family: familyOf(jti), sealed };
    const now = inSeconds(this.clock.now());
    const placed = await placeStanding(this.dataSource, standing, row, { found, ends, now });
    if (ends) void this.revocations.publishNew();
    return placed;
  }

  /** Nobody has seen these. */
  private async discard({ claims }: Tokens, organizationId: string): Promise<void> {
    const family = familyOf(claims.jti);
    await revokeAccessToken(this.dataSource, organizationId, claims);
    if (family) await revokeFamily(this.dataSource, organizationId, family, new Date(this.clock.now()));
    void this.revocations.publishNew();
  }
}

function standingOf({ client, sub, scope, cnf, asserted }: Whose): Standing {
  const { organizationId, clientId, accessTokenPolicy } = client;
  const scopes = scope.split(' ').sort();
  const apart = asserted && accessTokenPolicy === 'reuse' ? ['asserted'] : [];
  const tuple = createHash('sha256').update(JSON.stringify([sub, scopes, cnf, ...apart]));
  return { organizationId, clientId, tuple: tuple.digest() };
}

const under = (text: string, { tuple }: Standing) => ({ text, purpose: 'keyward standing tokens', aad: tuple });

function open(
  sealed: Buffer,
  secret: string,
  standing: Standing,
): Pick<Tokens, 'accessToken' | 'refreshToken'> | undefined {
  try {
    return JSON.parse(unseal(under(secret, standing), sealed).toString()) as Pick<Tokens, 'accessToken'>;
  } catch {
    return undefined;
  }
}
