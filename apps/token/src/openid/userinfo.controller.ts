import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  getProfile,
  getUserInfo,
  ServiceError,
  type GetUserInfo,
  type Organization,
  type UserInfo,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { decodeJwt, errors } from 'jose';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { Issuers } from '../issuer';
import { CLAIMS_OF } from './scopes';

/** The UserInfo endpoint, OpenID Connect Core 1.0 §5.3: what its scopes let an access token say of its user. */
@Controller()
export class UserInfoController {
  constructor(
    private readonly bus: Bus,
    private readonly accessTokens: AccessTokenReader,
    private readonly organizations: Organizations,
    private readonly issuers: Issuers,
  ) {}

  @Handle(getUserInfo)
  async get({ token, organizationId }: GetUserInfo, call: Call): Promise<UserInfo> {
    const organization = organizationId ? await this.organizations.activeNow(organizationId) : this.issuerOf(token);
    const live = organization && (await this.accessTokens.readLive(token, organization, call));
    if (!live?.user) throw new ServiceError('invalid_token', 'The access token is invalid, expired or revoked');
    const scopes = live.claims.scope.split(' ');
    if (!scopes.includes('openid')) throw new ServiceError('insufficient_scope', 'The scope openid is missing');
    const { sub, username, organization: home } = live.user;
    const readable = scopes.flatMap((scope) => (Object.hasOwn(CLAIMS_OF, scope) ? (CLAIMS_OF[scope] ?? []) : []));
    if (readable.length === 0) return { sub };
    const { profile } = await this.bus.call(getProfile, { organizationId: home.id, sub }, call);
    const claims: Record<string, unknown> = { preferred_username: username, ...profile };
    const said = readable.flatMap((name) => (claims[name] == null ? [] : [[name, claims[name]] as const]));
    return { ...Object.fromEntries(said), sub };
  }

  /** At the root a token names its issuer, which then must prove it. */
  private issuerOf(token: string): Organization | undefined {
    try {
      const { iss } = decodeJwt(token);
      return typeof iss === 'string' ? this.organizations.activeByKey(this.issuers.keyOf(iss) ?? '') : undefined;
    } catch (error) {
      if (error instanceof errors.JOSEError || error instanceof TypeError) return undefined;
      throw error;
    }
  }
}
