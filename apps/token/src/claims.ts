import type { Client, Confirmation, Organization } from '@keyward/contracts';
import type { User } from './grants/grant';
import { audienceOf } from './issuer';
import { acrOf } from './openid/acr';

/** What an access token says, RFC 9068 §2.2; the form of an opaque one is the same, kept in the database. */
export interface AccessTokenClaims {
  iss: string;
  sub: string;
  aud: string;
  /** What its client knows the user by, if not by `sub`; the client is told this in its place. */
  pairwise_sub?: string;
  /** The key of the user's organization; the client's own when the client is the subject. */
  org: string;
  client_id: string;
  scope: string;
  jti: string;
  /** Unix seconds, as `exp` and `auth_time`. */
  iat: number;
  exp: number;
  auth_time?: number;
  amr?: string[];
  acr?: string;
  /** Who acts for the user, when it is not the user. */
  act?: Actor;
  /** Who may act for the user next, if not everyone (RFC 8693 §4.4). */
  may_act?: Actor;
  /** Without this key it is of no use. */
  cnf?: Confirmation;
}

/** RFC 8693 §4.1; who acted before is inside. */
export interface Actor {
  sub: string;
  client_id: string;
  act?: Actor;
}

/** What the claims are made of. `lifetime` in seconds. */
export interface Issue {
  issuer: string;
  client: Client;
  organization: Organization;
  /** Absent when the client is its own subject (RFC 6749 §4.4). */
  user?: User;
  scope: string;
  jti: string;
  issuedAt: number;
  lifetime: number;
  act?: Actor;
  cnf?: Confirmation;
  pairwiseSub?: string;
}

/** CC-02: without a user there is no claim of one. */
export const accessTokenClaims = ({ issuer, client, organization, user, ...issue }: Issue): AccessTokenClaims => ({
  iss: issuer,
  sub: user?.sub ?? client.clientId,
  aud: audienceOf(issuer),
  org: (user?.organization ?? organization).key,
  client_id: client.clientId,
  scope: issue.scope,
  jti: issue.jti,
  iat: issue.issuedAt,
  exp: issue.issuedAt + issue.lifetime,
  ...(user ? { auth_time: user.authTime, amr: user.amr, acr: acrOf(user.amr) } : {}),
  ...(issue.act ? { act: issue.act } : {}),
  ...(user && client.mayAct ? { may_act: { sub: client.mayAct, client_id: client.mayAct } } : {}),
  ...(issue.cnf ? { cnf: issue.cnf } : {}),
  ...(issue.pairwiseSub ? { pairwise_sub: issue.pairwiseSub } : {}),
});

/** Claims as the token's client, and other clients, may know them: the user by no other name than the client's own. */
export function toldClaims({ pairwise_sub: sub, ...claims }: AccessTokenClaims): AccessTokenClaims {
  return sub === undefined ? claims : { ...claims, sub, ...(claims.act ? { act: actingClient(claims.act) } : {}) };
}

/** Who acts is told by the client, whoever its user is. */
const actingClient = ({ client_id, act }: Actor): Actor => ({
  ...{ sub: client_id, client_id },
  ...(act ? { act: actingClient(act) } : {}),
});
