import { Controller } from '@nestjs/common';
import { Bus, Handle, type Call } from '@keyward/bus';
import {
  findRelyingParty,
  getUserInfo,
  ServiceError,
  signJwt,
  type GetUserInfo,
  type Organization,
  type RelyingParty,
  type UserInfo,
  type UserInfoAnswer,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { takesUsersOf } from '../clients';
import { Clock, inSeconds } from '../clock';
import { Issuers } from '../issuer';
import { Possessions } from '../possessions';
import { CLAIMS_OF } from './scopes';
import { UserClaims } from './user-claims';

/** Of what is signed, seconds: it is read at once. */
const LIFETIME = 300;

/** The UserInfo endpoint, OpenID Connect Core 1.0 §5.3: what its scopes let an access token say of its user. */
@Controller()
export class UserInfoController {
  constructor(
    private readonly bus: Bus,
    private readonly accessTokens: AccessTokenReader,
    private readonly organizations: Organizations,
    private readonly issuers: Issuers,
    private readonly userClaims: UserClaims,
    private readonly clock: Clock,
    private readonly possessions: Possessions,
  ) {}

  @Handle(getUserInfo)
  async get({ token, organizationId, possession = {} }: GetUserInfo, call: Call): Promise<UserInfoAnswer> {
    const organization = organizationId
      ? await this.organizations.activeNow(organizationId)
      : await this.accessTokens.organizationOf(token);
    const live = organization && (await this.accessTokens.readLive(token, organization, call));
    if (!organization || !live?.user || !(await this.possessions.holds(live.claims.cnf, possession, organization)))
      throw invalidToken();
    const { scope, client_id: clientId, pairwise_sub: pairwise } = live.claims;
    const scopes = scope.split(' ');
    if (!scopes.includes('openid')) throw new ServiceError('insufficient_scope', 'The scope openid is missing');
    const party = await this.bus.call(findRelyingParty, { organizationId: organization.id, clientId }, call);
    if (!takesUsersOf(party.client, live.user.organization.id)) throw invalidToken();
    const sub = pairwise ?? live.user.sub;
    const ofScopes = scopes.flatMap((scope) => (Object.hasOwn(CLAIMS_OF, scope) ? (CLAIMS_OF[scope] ?? []) : []));
    const readable = [...ofScopes, ...(await this.userClaims.requested(live.claims, organization))];
    const claims = await this.userClaims.of(live.user, readable, call);
    const dpopNonce = await this.possessions.nextNonce(possession.dpop, organization);
    return { ...(await this.answer(organization, party, { ...claims, sub }, call)), dpopNonce };
  }

  /** OpenID Connect Core 1.0 §5.3.2: signed, and then with issuer and audience, where the client has registered that. */
  private async answer(
    organization: Organization,
    { client: { clientId }, userinfoSignedResponseAlg: alg }: RelyingParty,
    claims: UserInfo,
    call: Call,
  ): Promise<UserInfoAnswer> {
    if (!alg) return { clientId, claims };
    const iat = inSeconds(this.clock.now());
    const signed = { ...claims, iss: this.issuers.of(organization), aud: clientId, iat, exp: iat + LIFETIME };
    const { jwt } = await this.bus.call(
      signJwt,
      { organizationId: organization.id, alg, type: 'JWT', claims: signed },
      call,
    );
    return { clientId, claims, jwt };
  }
}

const invalidToken = () => new ServiceError('invalid_token', 'The access token is invalid, expired or revoked');
