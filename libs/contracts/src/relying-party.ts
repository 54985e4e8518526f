import { ArrayMaxSize, IsArray, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import type { Client } from './client';
import { rpc } from './rpc';
import type { SigningAlgorithm } from './signing-key';

/** OpenID Connect Dynamic Client Registration 1.0 §2. */
export const APPLICATION_TYPES = ['web', 'native'] as const;
export type ApplicationType = (typeof APPLICATION_TYPES)[number];

/** A client as a browser names it: nothing is proven. */
export class FindRelyingParty {
  @IsString() @MaxLength(255) clientId: string;
  /** The organization whose page it is; absent at the root. */
  @IsOptional() @IsUUID() organizationId?: string;
}

/** A client that users may be sent from, and where they may be sent back to. */
export class RelyingParty {
  client: Client;
  /** The application's name, for its users. */
  name: string;
  applicationType: ApplicationType;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  /** Where it is told that a session has ended; absent: it is not. */
  backchannelLogoutUri?: string;
  idTokenSignedResponseAlg: SigningAlgorithm;
  /** Absent: UserInfo is plain JSON. */
  userinfoSignedResponseAlg?: SigningAlgorithm;
  requirePushedAuthorizationRequests: boolean;
  /** Nobody who has not signed in is sent to one that is not, unasked. */
  trusted: boolean;
}

/** Errors: `invalid_client` when there is none, or it is disabled or of another organization. */
export const findRelyingParty = rpc('key-manager.relying-party.find', FindRelyingParty, RelyingParty, {
  repeatable: true,
});

/** Values that name a user or a session, as a client is to know them. */
export class FindPairwiseNames {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) clientId: string;
  @IsArray() @ArrayMaxSize(10) @IsUUID(undefined, { each: true }) ids: string[];
}

/** In the order of what was asked for, each in the form of a UUID (RFC 9562 §5.8). */
export class PairwiseNames {
  names: string[];
}

/**
 * OpenID Connect Core 1.0 §8.1: the same for all clients of a sector, and for no other; nobody can tell an id from it. Errors:
 * `invalid_client` as above.
 */
export const findPairwiseNames = rpc('key-manager.pairwise-name.find', FindPairwiseNames, PairwiseNames, {
  repeatable: true,
});
