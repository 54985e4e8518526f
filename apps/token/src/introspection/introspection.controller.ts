import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import { introspectToken, type Introspection, type TokenRequest } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { ClientAuthentication, type Authenticated } from '../client-authentication';
import { toldClaims } from '../claims';
import { takesUsersOf } from '../clients';
import { Clock, inSeconds } from '../clock';
import { Issuers } from '../issuer';
import { ToldNames } from '../openid/told-names';
import { typeOf } from '../possessions';
import { RefreshTokens } from '../refresh-tokens/refresh-tokens';
import { tokenParam } from '../token-param';
import { Users } from '../users';

/** RFC 7662 §2.2: nothing else is said of a token that is not active, whatever the reason (IN-04). */
const INACTIVE: Introspection = { active: false };

/** The introspection endpoint, RFC 7662, for the clients of the organization that issued the token. */
@Controller()
export class IntrospectionController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly refreshTokens: RefreshTokens,
    private readonly accessTokens: AccessTokenReader,
    private readonly users: Users,
    private readonly organizations: Organizations,
    private readonly issuers: Issuers,
    private readonly names: ToldNames,
    private readonly clock: Clock,
  ) {}

  @Handle(introspectToken)
  async introspect(request: TokenRequest, call: Call): Promise<Introspection> {
    const authenticated = await this.clients.authenticate(request, call);
    const token = tokenParam(request.params);
    const said =
      (await this.refreshToken(token, authenticated, call)) ?? (await this.accessToken(token, authenticated, call));
    return said ?? INACTIVE;
  }

  /** IN-07: seen by every client of the organization that can keep a secret; a public client sees its own alone. */
  private async accessToken(token: string, { client, organization }: Authenticated, call: Call) {
    const live = await this.accessTokens.readLive(token, organization, call, client);
    if (!live || (client.public && live.claims.client_id !== client.clientId)) return undefined;
    return {
      active: true,
      ...toldClaims(live.claims),
      ...(live.user && live.claims.pairwise_sub === undefined && { username: live.user.username }),
      token_type: typeOf(live.claims.cnf),
    };
  }

  /** IN-07: a refresh token is seen by the client it was issued to alone, which has just shown that it is active. */
  private async refreshToken(token: string, { client, organization }: Authenticated, call: Call) {
    const family = await this.refreshTokens.recognize(token, organization.id);
    if (!family) return undefined;
    const { clientId, expiresAt, revoked, presented, currentHash, scope, sub, createdAt } = family;
    const current = presented.hash.equals(currentHash) && !revoked && expiresAt.getTime() > this.clock.now();
    if (!current || clientId !== client.clientId) return INACTIVE;
    const [told] = await this.names.of(client, [sub], call);
    const isWelcome = takesUsersOf(client, family.userOrganizationId);
    const home = isWelcome ? this.organizations.active(family.userOrganizationId) : undefined;
    const user = home && (await this.users.find(family, home, call));
    if (!home || !user) return INACTIVE;
    return {
      active: true,
      ...{ scope, sub: told, client_id: clientId, token_type: 'refresh_token' },
      ...(client.subjectType === 'public' && { username: user.username }),
      iss: this.issuers.of(organization),
      org: home.key,
      iat: inSeconds(createdAt.getTime()),
      exp: inSeconds(expiresAt.getTime()),
    };
  }
}
