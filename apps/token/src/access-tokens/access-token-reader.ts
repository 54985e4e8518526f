import { Injectable } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import type { Client, Organization } from '@keyward/contracts';
import { Organizations, Revocations } from '@keyward/runtime';
import { decodeJwt, errors, jwtVerify } from 'jose';
import { DataSource } from 'typeorm';
import type { AccessTokenClaims } from '../claims';
import { Clients, takesUsersOf } from '../clients';
import { Clock, inSeconds } from '../clock';
import type { User } from '../grants/grant';
import { audienceOf, Issuers } from '../issuer';
import { readToken } from '../token-string';
import { Users } from '../users';
import { findOpaqueToken, findOpaqueTokenOrganization, isAlive } from './issued-tokens';
import { PublicKeys } from './public-keys';

/** An access token that may be used; the user is there unless the client is its own subject. */
export interface LiveToken {
  claims: AccessTokenClaims;
  user?: User & { username: string };
}

/** Reads access tokens that one organization issued. Everything else is `undefined`, whatever the reason. */
@Injectable()
export class AccessTokenReader {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keys: PublicKeys,
    private readonly issuers: Issuers,
    private readonly organizations: Organizations,
    private readonly revocations: Revocations,
    private readonly clients: Clients,
    private readonly users: Users,
    private readonly clock: Clock,
  ) {}

  /** The organization that a token says it is of, which then must prove it; for where no path names one. */
  async organizationOf(token: string): Promise<Organization | undefined> {
    const opaque = readToken('kat', token);
    if (opaque) {
      const id = await findOpaqueTokenOrganization(this.dataSource, opaque);
      return id === undefined ? undefined : this.organizations.activeNow(id);
    }
    try {
      const { iss } = decodeJwt(token);
      return typeof iss === 'string' ? this.organizations.activeByKey(this.issuers.keyOf(iss) ?? '') : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }

  /** What a token says that is genuine and not expired; it may have been revoked. */
  async read(token: string, organization: Organization, call: Call): Promise<AccessTokenClaims | undefined> {
    const opaque = readToken('kat', token);
    if (!opaque) return this.verify(token, organization, call);
    const claims = await findOpaqueToken(this.dataSource, organization.id, opaque);
    return claims && claims.exp > inSeconds(this.clock.now()) ? claims : undefined;
  }

  /**
   * What a token says that may be used now: not revoked, its client, its user and the user's organization still active.
   * `proven` is a client that has just authenticated itself: it is not asked about once more, and known to be open to the
   * user's organization or not.
   */
  async readLive(
    token: string,
    organization: Organization,
    call: Call,
    proven?: Client,
  ): Promise<LiveToken | undefined> {
    const claims = await this.read(token, organization, call);
    if (!claims) return undefined;
    const { sub, org, client_id: clientId, auth_time: authTime, amr = [] } = claims;
    const ofUser = authTime !== undefined;
    const home = ofUser ? this.organizations.activeByKey(org) : undefined;
    if (this.revocations.isRevoked(claims, organization.id, home?.id)) return undefined;
    const isProven = clientId === proven?.clientId;
    if (home && isProven && !takesUsersOf(proven, home.id)) return undefined;
    const [isNotRevoked, isClientActive, user] = await Promise.all([
      isAlive(this.dataSource, organization.id, claims),
      isProven || this.clients.isActive(clientId, organization, call),
      ofUser && home ? this.users.find({ sub, authTime, amr }, home, call) : undefined,
    ]);
    if (!isNotRevoked || !isClientActive) return undefined;
    if (!ofUser) return { claims };
    return user && { claims, user };
  }

  /** RFC 9068 §4, with a key of this issuer and no other. */
  private async verify(token: string, organization: Organization, call: Call): Promise<AccessTokenClaims | undefined> {
    if (!isCanonical(token)) return undefined;
    const issuer = this.issuers.of(organization);
    try {
      const { payload } = await jwtVerify<AccessTokenClaims>(
        token,
        async ({ kid }) => {
          const key = typeof kid === 'string' ? await this.keys.find(organization.id, kid, call) : undefined;
          if (!key) throw new errors.JWKSNoMatchingKey();
          return key;
        },
        {
          algorithms: ['ES256'],
          typ: 'at+jwt',
          issuer,
          audience: audienceOf(issuer),
          requiredClaims: ['exp', 'iat', 'jti', 'sub', 'org', 'client_id', 'scope'],
          currentDate: new Date(this.clock.now()),
        },
      );
      return payload;
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined;
      throw error;
    }
  }
}

/** Three parts in the one way base64url writes them: a JWT has no second spelling (abuse 17). */
const isCanonical = (token: string): boolean => {
  const parts = token.split('.');
  return parts.length === 3 && parts.every((part) => Buffer.from(part, 'base64url').toString('base64url') === part);
};
