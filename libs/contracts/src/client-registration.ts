import { IsBoolean, IsIP, IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Page, PageRequest } from './page';
import { rpc } from './rpc';

/** By what right a client has registered itself. */
export const REGISTERED_BY = ['token', 'open', 'user'] as const;

/** Client metadata, RFC 7591 §2, as it came: whatever it is, it is data. */
class WithMetadata {
  @IsUUID() organizationId: string;
  @IsObject() metadata: Record<string, unknown>;
  /** The organization takes clients with keys of their own alone. */
  @IsBoolean() highAssurance: boolean;
}

export class RegisterClient extends WithMetadata {
  /** Whether the organization lets anyone register clients. */
  @IsBoolean() open: boolean;
  /** An initial access token. */
  @IsOptional() @IsString() @MaxLength(255) accessToken?: string;
  /** The address that registers, as the gateway trusts it. */
  @IsIP() ip: string;
}

/** A registered client as it names itself: its registration access token is its proof (RFC 7592 §1.2). */
export class NameRegistration {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) clientId: string;
  @IsString() @MaxLength(255) accessToken: string;
}

export class ReplaceRegistration extends WithMetadata {
  @IsString() @MaxLength(255) clientId: string;
  @IsString() @MaxLength(255) accessToken: string;
}

/** What is registered of a client (RFC 7591 §3.2.1), and what may be shown this once. */
export class ClientInformation {
  clientId: string;
  /** Unix seconds. */
  issuedAt: number;
  /** In the answer that it is made for, and never again. */
  clientSecret?: string;
  /** Manages the registration: a new one after each change. */
  accessToken: string;
  metadata: Record<string, unknown>;
  /** The application that would go with it, when it is read: absent where that has other keys. */
  applicationId?: string;
}

/** A client that has ended itself. */
export class EndedRegistration {
  /** Its application, which went with it; absent when that has other keys. */
  applicationId?: string;
}

/** A client that has registered itself, as administrators see it. */
export class Registration {
  clientId: string;
  applicationId: string;
  application: string;
  by: (typeof REGISTERED_BY)[number];
  /** The initial access token that it was registered with; `null`: without. */
  tokenId: string | null;
  /** Whether anybody of the organization knows it; without, its users are told so. A setting of its consumer key. */
  trusted: boolean;
  /** What it says of itself and nobody has checked, under the names of RFC 7591 §2. */
  about: Record<string, string | string[]>;
  createdAt: string;
}

export class ListRegistrations extends PageRequest {
  @IsUUID() organizationId: string;
}

export class FindRegistration {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) clientId: string;
}

export class RegistrationPage extends Page<Registration> {}

/**
 * RFC 7591 §3. Errors: `invalid_token` for an initial access token that is none, is over or missing;
 * `invalid_client_metadata`, `invalid_redirect_uri`, `invalid_software_statement`, `unapproved_software_statement`;
 * `too_many_requests` where there are too many clients.
 */
export const registerClient = rpc('key-manager.client-registration.register', RegisterClient, ClientInformation);
/** RFC 7592 §2. Errors of these: `invalid_token`, one for every cause; those of `registerClient`. */
export const readRegistration = rpc('key-manager.client-registration.read', NameRegistration, ClientInformation, {
  repeatable: true,
});
/** Its access token is replaced, so it is not repeatable. */
export const replaceRegistration = rpc(
  'key-manager.client-registration.replace',
  ReplaceRegistration,
  ClientInformation,
);
export const endRegistration = rpc('key-manager.client-registration.end', NameRegistration, EndedRegistration);
/** For administrators, as the next. Errors of these: `not_found`. */
export const listRegistrations = rpc('key-manager.client-registration.list', ListRegistrations, RegistrationPage, {
  repeatable: true,
});
export const findRegistration = rpc('key-manager.client-registration.find', FindRegistration, Registration, {
  repeatable: true,
});
