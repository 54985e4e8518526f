import { feed, type Feed } from './feed';

/** What may end before its time: one access token by its `jti`, or all tokens of something. */
export const REVOCABLE = [
  ...(['token', 'family', 'session', 'user', 'password', 'client', 'organization', 'signing-key'] as const),
] as const;
export type Revocable = (typeof REVOCABLE)[number];

/** Tokens that ended before their time, told to everyone who verifies any. */
export class Revocation {
  /**
   * `family`: what one sign-in lasts for, refreshed or not. `password`: a user's, changed, which some servers let pass;
   * `user`: whatever they let pass.
   */
  kind: Revocable;
  /** A `jti`, a `kid`, or the id of the family, session, user, consumer key or organization; no two organizations share one. */
  name: string;
  /** Whose tokens they are, or whose user it is. */
  organizationId: string;
  /** Unix seconds: tokens from then on are not concerned. All are when it is absent. */
  before?: number;
  /** Unix seconds: none of them is alive any more, wherever a clock is a minute behind. */
  until: number;
}

/** What of an access token's claims tells whether it was revoked; the payload of a verified JWT is one. */
export interface RevocableClaims {
  jti: string;
  sub: string;
  client_id: string;
  /** Unix seconds. */
  iat: number;
  /** When its user signed in, Unix seconds. */
  auth_time?: number;
  sid?: string;
}

/** The name of a revocation in its feed. */
export const revocationId = ({ kind, name }: Pick<Revocation, 'kind' | 'name'>): string => `${kind}:${name}`;

/** No access token lives longer: the longest lifetime that any setting allows, seconds. */
export const LONGEST_ACCESS_TOKEN = 86_400;
/** By which clocks may differ, seconds. */
export const CLOCK_SKEW = 60;

/** When the last of the access tokens issued by `now` is over, by any clock; both Unix seconds. */
export const allOverBy = (now: number): number => Math.ceil(now) + LONGEST_ACCESS_TOKEN + CLOCK_SKEW;

const ID_LENGTH = 36;

/** The `jti` of an access token; the part before the dot names the family whose end is the token's end too. */
export const jtiOf = (random: string, family: string | undefined): string => (family ? `${family}.${random}` : random);

/** The family that a `jti` names. */
export const familyOf = (jti: string): string | undefined =>
  jti[ID_LENGTH] === '.' ? jti.slice(0, ID_LENGTH) : undefined;

/** Tokens and families that their clients gave back, that were reused, or that an administrator ended. */
export const tokenRevocations: Feed<Revocation> = feed('token.revocations');
/** Users who were disabled or deleted, or have another password. */
export const userRevocations: Feed<Revocation> = feed('directory.revocations');
/** Consumer keys that were disabled or deleted, and signing keys that somebody else may have. */
export const clientRevocations: Feed<Revocation> = feed('key-manager.revocations');
