import { ArrayMaxSize, IsArray, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** A session cookie of an organization. */
export class FindSession {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(200) secret: string;
}

/** Who is signed in. */
export class FoundSession {
  /** `sid` in ID tokens. */
  id: string;
  sub: string;
  username: string;
}

/** A sign-in on an organization's pages, as its user and administrators see it; times in ISO 8601. */
export class Session {
  id: string;
  sub: string;
  signedInAt: string;
  usedAt: string;
  /** When it ends unless it is used. */
  expiresAt: string;
  userAgent: string | null;
  /** The clients that got tokens by it. */
  clients: string[];
}

export class SessionPage extends Page<Session> {}

/** A user at an organization's pages. */
export class OfUser {
  @IsUUID() organizationId: string;
  @IsUUID() sub: string;
}

/** A user's sessions, the newest first. */
export class ListSessions extends PageRequest {
  @IsUUID() organizationId: string;
  @IsUUID() sub: string;
  @IsOptional() @IsUUID() override after?: string;
}

/** What a user has consented to, by client. */
export class ListConsents extends PageRequest {
  @IsUUID() organizationId: string;
  @IsUUID() sub: string;
}

export class EndSessions extends OfUser {
  /** All of the user's when absent. */
  @IsOptional() @IsUUID() id?: string;
}

/** What a user has let a client have. */
export class Consent {
  clientId: string;
  /** The application's; the client's id when it is gone. */
  name: string;
  scopes: string[];
  /** ISO 8601. */
  grantedAt: string;
}

export class ConsentPage extends Page<Consent> {}

export class WithdrawConsent extends OfUser {
  @IsString() @MaxLength(255) clientId: string;
}

/** Clients that are gone. */
export class ForgetClients {
  @IsUUID() organizationId: string;
  @IsArray() @ArrayMaxSize(200) @IsString({ each: true }) @MaxLength(255, { each: true }) clientIds: string[];
}

/** Errors: `not_found` when it has ended. */
export const findSession = rpc('token.session.find', FindSession, FoundSession, { repeatable: true });
export const listSessions = rpc('token.session.list', ListSessions, SessionPage, { repeatable: true });
/** Ends sessions and the refresh tokens they gave, except those for offline access. Errors: `not_found`. */
export const endSessions = rpc('token.session.end', EndSessions, Empty);
export const listConsents = rpc('token.consent.list', ListConsents, ConsentPage, { repeatable: true });
/** Takes a consent back and ends all that the client has of it. Errors: `not_found`. */
export const withdrawConsent = rpc('token.consent.withdraw', WithdrawConsent, Empty);
/** Ends what users have let clients have that are deleted. */
export const forgetClients = rpc('token.consent.forget', ForgetClients, Empty, { repeatable: true });
