import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import { getProfile, getUserInfo, ServiceError, type GetUserInfo, type UserInfoAnswer } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { Possessions } from '../possessions';
import { CLAIMS_OF } from './scopes';

/** The UserInfo endpoint, OpenID Connect Core 1.0 §5.3: what its scopes let an access token say of its user. */
@Controller()
export class UserInfoController {
  constructor(
    private readonly bus: Bus,
    private readonly accessTokens: AccessTokenReader,
    private readonly organizations: Organizations,
    private readonly possessions: Possessions,
  ) {}

  @Handle(getUserInfo)
  async get({ token, organizationId, possession = {} }: GetUserInfo, call: Call): Promise<UserInfoAnswer> {
    const organization = organizationId
      ? await this.organizations.activeNow(organizationId)
      : await this.accessTokens.organizationOf(token);
    const live = organization && (await this.accessTokens.readLive(token, organization, call));
    if (!organization || !live?.user || !(await this.possessions.holds(live.claims.cnf, possession, organization.id)))
      throw new ServiceError('invalid_token', 'The access token is invalid, expired or revoked');
    const { scope, client_id: clientId } = live.claims;
    const scopes = scope.split(' ');
    if (!scopes.includes('openid')) throw new ServiceError('insufficient_scope', 'The scope openid is missing');
    const { sub, username, organization: home } = live.user;
    const readable = scopes.flatMap((scope) => (Object.hasOwn(CLAIMS_OF, scope) ? (CLAIMS_OF[scope] ?? []) : []));
    if (readable.length === 0) return { clientId, claims: { sub } };
    const { profile } = await this.bus.call(getProfile, { organizationId: home.id, sub }, call);
    const claims: Record<string, unknown> = { preferred_username: username, ...profile };
    const said = readable.flatMap((name) => (claims[name] == null ? [] : [[name, claims[name]] as const]));
    return { clientId, claims: { ...Object.fromEntries(said), sub } };
  }
}
