import { ArrayMaxSize, IsArray, IsBoolean, IsIn, IsIP, IsString, IsUUID, MaxLength } from 'class-validator';
import { rpc } from './rpc';

/** Somebody who registers a client by a password of their own, as API Manager's developers do. */
export class ProveClientOwner {
  /** A login name. */
  @IsString() @MaxLength(384) username: string;
  @IsString() @MaxLength(1024) password: string;
  /** The address that asks, as the gateway trusts it. */
  @IsIP() ip: string;
}

/** A user who may register clients. */
export class ClientOwner {
  organizationId: string;
  sub: string;
  /** Whether the user administers the organization: then somebody knows the client. */
  administers: boolean;
}

export class RegisterOwnedClient {
  @IsUUID() organizationId: string;
  @IsUUID() owner: string;
  @IsBoolean() trusted: boolean;
  /** Unique among the owner's. */
  @IsString() @MaxLength(200) name: string;
  @IsIn(['production', 'sandbox']) kind: 'production' | 'sandbox';
  @IsArray() @ArrayMaxSize(10) @IsString({ each: true }) grantTypes: string[];
  @IsArray() @ArrayMaxSize(1) @IsString({ each: true }) redirectUris: string[];
  @IsIP() ip: string;
}

/** A client as its owner is told of it. */
export class OwnedClient {
  clientId: string;
  /** A new one each time it is asked for: the one before stays valid for a day. */
  clientSecret: string;
  grantTypes: string[];
  redirectUris: string[];
}

/**
 * Errors: `access_denied`, one for organizations that are unknown and those where it is not open to this user; `invalid_grant`
 * for every cause why it is not proven who asks; `too_many_requests`, `temporarily_unavailable`. Wrong passwords are counted, so
 * it is not repeatable.
 */
export const proveClientOwner = rpc('token.client-owner.prove', ProveClientOwner, ClientOwner);
/**
 * The owner's client of this name, which is made where there is none. Errors: `invalid_client_metadata`,
 * `invalid_redirect_uri`; `conflict` where it is disabled; `too_many_requests`.
 */
export const registerOwnedClient = rpc('key-manager.client-registration.own', RegisterOwnedClient, OwnedClient);
