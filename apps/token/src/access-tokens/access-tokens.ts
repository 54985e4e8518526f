import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { jtiOf, signJwt, type Client, type Confirmation, type Organization } from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { accessTokenClaims, type AccessTokenClaims, type Actor } from '../claims';
import { Clock, inSeconds } from '../clock';
import type { User } from '../grants/grant';
import { Issuers } from '../issuer';
import { ToldNames } from '../openid/told-names';
import { newId } from '../time-id';
import { random } from '../random';
import { newSecret, writeToken } from '../token-string';
import { insertOpaqueToken } from './issued-tokens';

/** Whom and what a new access token is for. */
export interface AccessTokenFor {
  client: Client;
  organization: Organization;
  user?: User;
  scope: string;
  /** The id of the refresh family it belongs to, if any. */
  family?: string;
  /** Seconds. */
  lifetime: number;
  /** Who acts for the user. */
  act?: Actor;
  cnf?: Confirmation;
}

/** Access tokens as they are given out: a JWT (RFC 9068), or opaque where the consumer key says so. */
@Injectable()
export class AccessTokens {
  constructor(
    private readonly bus: Bus,
    private readonly dataSource: DataSource,
    private readonly settings: OAuthSettings,
    private readonly issuers: Issuers,
    private readonly names: ToldNames,
    private readonly clock: Clock,
  ) {}

  /** Seconds; `endsBy` is when it has to be over. */
  lifetimeFor({ accessTokenLifetime }: Client, user: User | undefined, endsBy?: number): number {
    const { userAccessTokenLifetime, applicationAccessTokenLifetime } = this.settings;
    const lifetime = accessTokenLifetime ?? (user ? userAccessTokenLifetime : applicationAccessTokenLifetime);
    return endsBy === undefined ? lifetime : Math.min(lifetime, endsBy - inSeconds(this.clock.now()));
  }

  async issue(
    { family, ...issue }: AccessTokenFor,
    call: Call,
  ): Promise<{ accessToken: string; claims: AccessTokenClaims }> {
    const { client, organization, user } = issue;
    const [pairwiseSub] =
      user && client.subjectType === 'pairwise' ? await this.names.of(client, [user.sub], call) : [];
    const now = this.clock.now();
    const claims = accessTokenClaims({
      ...issue,
      pairwiseSub,
      issuer: this.issuers.of(organization),
      jti: jtiOf(random(16).toString('base64url'), family),
      // What is older than the client's record was issued to another of its name.
      issuedAt: Math.max(inSeconds(now), client.tokensFrom),
    });
    const accessToken = await (client.tokenType === 'jwt'
      ? this.sign(client, claims, call)
      : this.store(client, claims, now));
    return { accessToken, claims };
  }

  private async sign({ organizationId }: Client, claims: AccessTokenClaims, call: Call): Promise<string> {
    const { jwt } = await this.bus.call(signJwt, { organizationId, type: 'at+jwt', claims: { ...claims } }, call);
    return jwt;
  }

  private async store({ organizationId }: Client, claims: AccessTokenClaims, now: number): Promise<string> {
    const token = writeToken('kat', { id: newId(now) }, newSecret('kat'));
    await insertOpaqueToken(this.dataSource, organizationId, token, claims);
    return token.text;
  }
}
