import type { Call } from '@keyward/bus';
import { ServiceError, type Client, type Confirmation, type Organization } from '@keyward/contracts';
import type { OAuthSettings } from '@keyward/runtime';
import type { Actor } from '../claims';

/** One parameter of a grant. */
export interface Param {
  readonly required?: true;
  /** Longest value in bytes of UTF-8; refused before anything is done with it (BF-07). */
  readonly maxBytes?: number;
  /** Longest value in characters, for what is limited by them where it is stored. */
  readonly maxLength?: number;
}
export type Params = Readonly<Record<string, Param>>;
export type Values<P extends Params> = {
  [K in keyof P]: P[K] extends { required: true } ? string : string | undefined;
};

/** Who asks, as the endpoint has proven it, and for what. */
export interface Request {
  client: Client;
  organization: Organization;
  /** The scopes asked for; `undefined` when none were named. */
  scope?: string[];
  /** The key that its refresh tokens are bound to, if any. */
  holder?: string;
  /** What it has shown to hold, and the new tokens are bound to. */
  cnf?: Confirmation;
  call: Call;
}

/** A user that a token speaks of. */
export interface User {
  sub: string;
  /** The user's own organization: another than the client's for a multi-organization application alone. */
  organization: Organization;
  roles: string[];
  /** When the user proved who it is, Unix seconds, and how (RFC 8176). */
  authTime: number;
  amr: string[];
}

/** What a grant decides: whom the token speaks of, and what it may say at most. Everything after that is shared. */
export interface Authorization {
  /** Absent when the client is its own subject. */
  user?: User;
  scope?: string[];
  /** The family that goes on with this answer, and its refresh token from now on if the client may have one. */
  family?: { id: string; refreshToken?: string };
  /** Of a sign-in on the pages, for the ID token. */
  openid?: { nonce?: string; sid?: string; claims?: Record<string, unknown> };
  /** Where another token stands behind the answer, and is asked for again next time: there is no refresh token. */
  exchanged?: Exchanged;
}

/** An access token that comes from another token. */
export interface Exchanged {
  act?: Actor;
  /** When the other ends, Unix seconds, and so this. */
  endsBy?: number;
  /** The refresh family by whose end both end. */
  family?: string;
  /** RFC 8693 §2.2.1. */
  issuedTokenType?: string;
}

/** One `grant_type`. The token endpoint owns client authentication, validation, scopes, tokens and the answer. */
export abstract class Grant<P extends Params = Params> {
  abstract readonly type: string;
  /** The server-wide switch, as it is for this client. */
  abstract readonly enabled: (settings: OAuthSettings, client: Client) => boolean;
  /** Not for clients without a secret. */
  readonly confidential: boolean = false;
  /** The parameters this grant reads; the endpoint checks them and leaves out the rest. */
  abstract readonly params: P;

  /** Whether the organization and the client's record let it be used now (Unix milliseconds); yes when absent. */
  isOpenTo?(client: Client, organization: Organization, now: number): boolean;

  abstract authorize(values: Values<P>, request: Request): Promise<Authorization>;
}

/** Picks a grant's parameters from the form. Errors: `invalid_request` that names those missing or too long (RO-03). */
export function readParams<P extends Params>(params: P, form: Record<string, string>): Values<P> {
  const entries = Object.entries(params);
  const missing = entries.filter(([name, { required }]) => required && !form[name]).map(([name]) => name);
  if (missing.length > 0) throw new ServiceError('invalid_request', `Missing parameters: ${missing.join(' ')}`);
  for (const [name, { maxBytes = Infinity, maxLength = Infinity }] of entries) {
    const value = form[name] ?? '';
    if (value.length > maxLength || Buffer.byteLength(value) > maxBytes)
      throw new ServiceError('invalid_request', `Parameter too long: ${name}`);
  }
  return Object.fromEntries(entries.map(([name]) => [name, form[name] || undefined])) as Values<P>;
}
