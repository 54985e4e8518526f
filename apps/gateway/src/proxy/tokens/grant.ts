import { confirmationOf, type Confirmation, type Organization } from '@keyward/contracts';
import type { Revocations } from '@keyward/runtime';

/** What a genuine access token says. */
export interface Grant {
  /** Whose issuer it is of. */
  readonly organizationId: string;
  /** The key of the subject's organization. */
  readonly org: string;
  /** Whether a user granted it; otherwise the client is its own subject. */
  readonly ofUser: boolean;
  readonly scopes: readonly string[];
  /** Unix seconds. */
  readonly exp: number;
  readonly claims: GrantClaims;
  /** The key that it is bound to, if any. */
  readonly cnf?: Confirmation;
  /** The key that signed it; an opaque token has none. */
  readonly kid?: string;
  /** Its issuer is not Keyward: nobody here knows its subject. */
  readonly isForeign?: true;
}

/** The claims that name whose token it is, and what it may be revoked by. */
export interface GrantClaims {
  client_id: string;
  sub: string;
  jti: string;
  /** Unix seconds. */
  iat: number;
  auth_time?: number;
  sid?: string;
}

/** Reads claims as RFC 9068 §2.2 and Keyward write them; `undefined` where one is not as it must be. */
export function grantOf({ id }: Pick<Organization, 'id'>, claims: Record<string, unknown>): Grant | undefined {
  const { client_id, sub, org, scope, jti, iat, exp, auth_time, sid } = claims;
  const cnf = confirmationOf(claims['cnf']);
  if (claims['cnf'] !== undefined && !cnf) return undefined;
  if (!isText(client_id) || !isText(sub) || !isText(org) || !isText(scope) || !isText(jti)) return undefined;
  if (!isTime(iat) || !isTime(exp)) return undefined;
  if ((auth_time !== undefined && !isTime(auth_time)) || (sid !== undefined && !isText(sid))) return undefined;
  return {
    organizationId: id,
    org,
    ofUser: auth_time !== undefined,
    scopes: scope.split(' '),
    exp,
    claims: { client_id, sub, jti, iat, auth_time, sid },
    cnf,
  };
}

/** Whether the token has ended before its time, or with the key that signed it. `homeId` is its user's organization. */
export const hasEnded = (
  revocations: Pick<Revocations, 'isRevoked' | 'isKeyRevoked'>,
  { claims, kid, organizationId }: Grant,
  homeId: string,
): boolean =>
  revocations.isRevoked(claims, organizationId, homeId) || (kid !== undefined && revocations.isKeyRevoked(kid));

const isText = (value: unknown): value is string => typeof value === 'string';
const isTime = (value: unknown): value is number => typeof value === 'number';
