import type { Organization } from '@keyward/contracts';

/** Where an answer goes: a client's registered redirect URI. */
export interface ReturnTo {
  organization: Organization;
  redirectUri: string;
  mode: 'query' | 'form_post';
  state?: string;
  /** Whether somebody of the organization knows the client. */
  trusted: boolean;
  /** The id of the pushed request that it answers, and so uses up. */
  pushed?: string;
}

/**
 * An authorization request that gets an error, RFC 6749 §4.1.2.1. It goes to the client if that is certainly its own
 * redirect URI; without one it is shown to the user, and nobody is sent anywhere (AZ-01).
 */
export class Refused extends Error {
  constructor(
    readonly error: string,
    readonly description: string,
    readonly to?: ReturnTo,
  ) {
    super(error);
  }
}
