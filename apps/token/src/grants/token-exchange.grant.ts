import { Injectable } from '@nestjs/common';
import { familyOf, ServiceError, type Client } from '@keyward/contracts';
import type { OAuthSettings } from '@keyward/runtime';
import { AccessTokenReader, type LiveToken } from '../access-tokens/access-token-reader';
import type { AccessTokenClaims, Actor } from '../claims';
import { takesUsersOf } from '../clients';
import { audienceOf, Issuers } from '../issuer';
import { Grant, type Authorization, type Request, type Values } from './grant';

const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const ACCESS_TOKEN = `${TOKEN_TYPE}access_token`;
/** What a token given in may be called, RFC 8693 §3; that it is one of ours is proven all the same. */
const GIVEN_TYPES = [ACCESS_TOKEN, `${TOKEN_TYPE}jwt`];
/** TX-05: so many services may pass a request on in a user's name. */
const LONGEST_CHAIN = 3;
/** What a user grants to one client and not to those behind it. */
const NOT_PASSED_ON = ['openid', 'offline_access'];

const PARAMS = {
  subject_token: { required: true, maxBytes: 8192 },
  subject_token_type: { required: true, maxBytes: 256 },
  actor_token: { maxBytes: 8192 },
  actor_token_type: { maxBytes: 256 },
  requested_token_type: { maxBytes: 256 },
  audience: { maxBytes: 2048 },
} as const;

/**
 * Token Exchange, RFC 8693: a service that was called with a user's token gets one of its own to go on with. It always says
 * who acts for the user; nobody gets a token that looks as if the user had asked for it.
 */
@Injectable()
export class TokenExchangeGrant extends Grant<typeof PARAMS> {
  readonly type = 'urn:ietf:params:oauth:grant-type:token-exchange';
  readonly enabled = (settings: OAuthSettings) => settings.tokenExchangeGrant;
  override readonly confidential = true;
  readonly params = PARAMS;

  constructor(
    private readonly accessTokens: AccessTokenReader,
    private readonly issuers: Issuers,
  ) {
    super();
  }

  async authorize(values: Values<typeof PARAMS>, request: Request): Promise<Authorization> {
    const { client, organization, scope: asked } = request;
    assertTypes(values);
    const own = audienceOf(this.issuers.of(organization));
    // TX-03: while no other service can be named, the one audience is the organization's API; `resource` is the endpoint's.
    if (values.audience?.split(' ').some((audience) => audience !== own))
      throw new ServiceError('invalid_target', 'Unknown target service');

    const { claims, user } = await this.read(values.subject_token, 'subject_token', request);
    if (!user) throw invalid('the subject_token must be of a user');
    // What it would be given for another's user would be good nowhere.
    if (!takesUsersOf(client, user.organization.id)) throw invalid('the subject_token is not valid');
    const actor = values.actor_token ? await this.read(values.actor_token, 'actor_token', request) : undefined;
    // DP-02 in spirit: what is good with a key alone never becomes what is good without one.
    if ((claims.cnf ?? actor?.claims.cnf) && !request.cnf)
      throw invalid('a token that is bound to a key is exchanged for one that is bound to a key of yours alone');
    const act = actingFor(claims, actor, client);
    const held = claims.scope.split(' ').filter((scope) => !NOT_PASSED_ON.includes(scope));
    return {
      user,
      scope: asked ? asked.filter((scope) => held.includes(scope)) : held,
      exchanged: { act, endsBy: claims.exp, family: familyOf(claims.jti), issuedTokenType: ACCESS_TOKEN },
    };
  }

  /** TX-02: `invalid_request` for whatever is wrong with a token that is given in (RFC 8693 §2.2.2). */
  private async read(token: string, name: string, { client, organization, call }: Request): Promise<LiveToken> {
    const live = await this.accessTokens.readLive(token, organization, call, client);
    if (!live) throw invalid(`the ${name} is not valid`);
    return live;
  }
}

/** TX-01, RFC 8693 §2.1. */
function assertTypes(values: Values<typeof PARAMS>): void {
  if (!values.actor_token !== !values.actor_token_type) throw invalid('actor_token and actor_token_type come together');
  for (const type of [values.subject_token_type, values.actor_token_type])
    if (type && !GIVEN_TYPES.includes(type)) throw invalid('only access tokens are exchanged');
  if (values.requested_token_type && values.requested_token_type !== ACCESS_TOKEN)
    throw invalid('only access tokens are issued');
}

/** Who acts now, and for whom before, RFC 8693 §4.1: the newest is outermost; none but who may (§4.4). */
function actingFor({ act: before, may_act: allowed }: AccessTokenClaims, actor: LiveToken | undefined, client: Client) {
  const now = actor
    ? { sub: actor.claims.pairwise_sub ?? actor.claims.sub, client_id: actor.claims.client_id }
    : { sub: client.clientId, client_id: client.clientId };
  if (allowed && (now.sub !== allowed.sub || now.client_id !== allowed.client_id))
    throw invalid('this client may not act for the user of the subject_token');
  const act: Actor = before ? { ...now, act: before } : now;
  if (depthOf(act) > LONGEST_CHAIN) throw invalid('too many have acted for this user already');
  return act;
}

const depthOf = ({ act }: Actor): number => 1 + (act ? depthOf(act) : 0);

const invalid = (description: string) => new ServiceError('invalid_request', description);
