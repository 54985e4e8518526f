import { Injectable } from '@nestjs/common';
import { Organizations, type OAuthSettings } from '@keyward/runtime';
import { takesUsersOf } from '../clients';
import { withDevices } from '../compatibility';
import { invalidRefreshToken, RefreshTokens } from '../refresh-tokens/refresh-tokens';
import { grantScope } from '../scope';
import { Catalog } from '../scopes/catalog';
import { readToken } from '../token-string';
import { Users } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = { refresh_token: { required: true } } as const;

/** Refreshing an access token, RFC 6749 §6. */
@Injectable()
export class RefreshTokenGrant extends Grant<typeof PARAMS> {
  readonly type = 'refresh_token';
  readonly enabled = (settings: OAuthSettings) => settings.refreshTokenGrant;
  readonly params = PARAMS;

  constructor(
    private readonly refreshTokens: RefreshTokens,
    private readonly users: Users,
    private readonly organizations: Organizations,
    private readonly catalog: Catalog,
  ) {
    super();
  }

  /** The user that the token names is asked about first: the family then decides everything at once, and confirms it. */
  async authorize(values: Values<typeof PARAMS>, request: Request): Promise<Authorization> {
    const { client, scope, holder, call } = request;
    const token = readToken('krt', values.refresh_token);
    if (!token) throw invalidRefreshToken('not a refresh token');
    const user = await this.refreshTokens.userOf(token, client);
    const { sub, userOrganizationId } = user;
    const isWelcome = takesUsersOf(client, userOrganizationId);
    const organization = isWelcome ? this.organizations.active(userOrganizationId) : undefined;
    const subject = organization && (await this.users.check(sub, organization, call));
    if (!subject) throw invalidRefreshToken('the user may have no more tokens');
    const { roles } = subject;
    // RT-03: what the endpoint would refuse must not consume the token.
    const catalog = withDevices(this.catalog, request.organization);
    grantScope(scope, client, { organization, roles }, catalog, client.strictScopes);
    const notBefore = this.users.grantsBegin(subject);
    const use = { scope, notBefore, holder, user };
    const { refreshToken, authTime, amr, sessionId, original } = await this.refreshTokens.use(token, client, use);
    return {
      user: { sub, organization, roles, authTime, amr },
      scope: scope ?? original,
      family: { id: token.id, refreshToken },
      openid: { sid: sessionId },
    };
  }
}
