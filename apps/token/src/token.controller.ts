import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import {
  issueToken,
  ServiceError,
  type Client,
  type IssuedToken,
  type Organization,
  type TokenRequest,
} from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { AccessTokens } from './access-tokens/access-tokens';
import { ApplicationUsers } from './application-users/application-users';
import { ClientAuthentication } from './client-authentication';
import { Clock } from './clock';
import { readParams, type Grant, type User } from './grants/grant';
import { Grants } from './grants/grants';
import { applicationScope, validityAsked, withDevices } from './compatibility';
import { audienceOf, Issuers } from './issuer';
import { IdTokens } from './openid/id-tokens';
import { holderOf, Possessions, typeOf } from './possessions';
import { RefreshTokens } from './refresh-tokens/refresh-tokens';
import { assertResources } from './resource';
import { grantScope, parseScope } from './scope';
import { Catalog } from './scopes/catalog';
import { StandingTokens } from './standing-tokens/standing-tokens';
import { newId } from './time-id';

/** The token endpoint, RFC 6749 §3.2. Reads top to bottom in the order of TE-04; a grant supplies only `authorize`. */
@Controller()
export class TokenController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly grants: Grants,
    private readonly catalog: Catalog,
    private readonly accessTokens: AccessTokens,
    private readonly refreshTokens: RefreshTokens,
    private readonly applicationUsers: ApplicationUsers,
    private readonly idTokens: IdTokens,
    private readonly issuers: Issuers,
    private readonly settings: OAuthSettings,
    private readonly possessions: Possessions,
    private readonly standingTokens: StandingTokens,
    private readonly clock: Clock,
  ) {}

  @Handle(issueToken)
  async issue(request: TokenRequest, call: Call): Promise<IssuedToken> {
    const { params } = request;
    const authenticated = await this.clients.authenticate(request, call);
    const { client, organization } = authenticated;
    const grant = this.grantFor(params['grant_type'], client, organization);
    const asked = parseScope(params['scope']);
    const values = readParams(grant.params, params);
    const validity =
      grant.type === 'client_credentials' ? validityAsked(params['validity_period'], organization) : undefined;
    if (params['resource']) assertResources(params['resource'], audienceOf(this.issuers.of(organization)));
    const mustBind = client.tokenBinding !== 'none' || organization.highAssurance;
    const cnf =
      request.possession || mustBind
        ? await this.possessions.confirm(request.possession ?? {}, { client, organization })
        : undefined;
    const holder = holderOf(client, cnf);
    const asking = { client, organization, scope: asked, holder, cnf, call };
    const authorization = await grant.authorize(values, asking);
    const { user, exchanged } = authorization;
    const granted = grantScope(
      authorization.scope,
      client,
      user,
      withDevices(this.catalog, organization),
      client.strictScopes && asked !== undefined,
    );
    const scope = user ? granted : applicationScope(granted, organization);
    const lifetime = validity ?? this.accessTokens.lifetimeFor(client, user, exchanged?.endsBy);
    const issue = async () => {
      const family = exchanged ? undefined : (authorization.family ?? this.newFamily(user, client));
      const ofFamily = family?.id ?? exchanged?.family;
      const [access, refreshToken] = await Promise.all([
        this.accessTokens.issue(
          { client, organization, user, scope, lifetime, family: ofFamily, act: exchanged?.act, cnf },
          call,
        ),
        authorization.family
          ? authorization.family.refreshToken
          : family && user && this.refreshTokens.issue(family.id, client, user, scope, { grant: grant.type, holder }),
      ]);
      // A family that begins here notes its user in its own statement.
      const isNoted = family !== undefined && !authorization.family;
      return { ...access, refreshToken, expiresIn: lifetime, isNoted };
    };
    const whose = {
      ...authenticated,
      sub: user?.sub ?? client.clientId,
      scope,
      cnf,
      asserted: exchanged !== undefined,
    };
    const [{ accessToken, refreshToken, expiresIn, isNoted }, idToken] = await Promise.all([
      // What comes of another token of ours lives by that one, and says who acts: it stands for nothing beside it.
      exchanged?.act ? issue() : this.standingTokens.choose(whose, authorization.family !== undefined, call, issue),
      // OpenID Connect Core 1.0 §3.1.3.3, §12.2: with every answer about a user that openid was granted for (OC-03).
      user && isOpenId(scope) && !exchanged
        ? this.idTokens.issue({ client, organization, user, ...authorization.openid }, call)
        : undefined,
    ]);
    if (user && !isNoted) this.applicationUsers.note(client, user, grant.type);
    return {
      body: {
        access_token: accessToken,
        ...(refreshToken ? { refresh_token: refreshToken } : {}),
        ...(idToken ? { id_token: idToken } : {}),
        scope,
        token_type: typeOf(cnf),
        expires_in: expiresIn,
        ...(exchanged?.issuedTokenType ? { issued_token_type: exchanged.issuedTokenType } : {}),
      },
      ...(organization.dpopNonce
        ? { dpopNonce: await this.possessions.nextNonce(request.possession?.dpop, organization) }
        : {}),
      ...(grant.type === 'password' && client.passwordGrantSunset ? { sunset: client.passwordGrantSunset } : {}),
    };
  }

  /** Errors in this order: `invalid_request`, `unsupported_grant_type`, `unauthorized_client` (TE-05). */
  private grantFor(type: string | undefined, client: Client, organization: Organization): Grant {
    if (!type) throw new ServiceError('invalid_request', 'Missing grant_type parameter value');
    const grant = this.grants.find(type);
    if (!grant?.enabled(this.settings, client))
      throw new ServiceError('unsupported_grant_type', 'Unsupported grant_type value', {
        reason: 'grant_type_unknown',
      });
    const allowed =
      client.grantTypes.includes(type) &&
      (grant.isOpenTo?.(client, organization, this.clock.now()) ?? true) &&
      !(grant.confidential && client.public);
    if (!allowed)
      throw new ServiceError(
        'unauthorized_client',
        'The client is not authorized to use this authorization grant type',
        { reason: 'grant_type_refused' },
      );
    return grant;
  }

  /** A user's tokens belong to a family if they may be refreshed; a client's own never do (RT-11). */
  private newFamily(user: User | undefined, client: Client): { id: string } | undefined {
    const mayRefresh = this.settings.refreshTokenGrant && client.grantTypes.includes('refresh_token');
    return user && mayRefresh ? { id: newId(Math.max(this.clock.now(), client.tokensFrom * 1000)) } : undefined;
  }
}

const isOpenId = (scope: string): boolean => scope.includes('openid') && scope.split(' ').includes('openid');
