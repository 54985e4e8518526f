import { IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** That a client has still to be told of a session's end (OpenID Connect Back-Channel Logout 1.0). */
export class LogoutNotice {
  sessionId: string;
  consumerKey: string;
  /** The user's immutable id. */
  sub: string;
  /** When the session ended, ISO 8601. */
  endedAt: string;
  /** How often it has been tried, without success. */
  attempts: number;
  /** What came of the last attempt; `null` before it. */
  problem: string | null;
  /** When it is tried next; `null`: it has been given up, and is forgotten a week after the session's end. */
  nextAt: string | null;
}

export class ListLogoutNotices extends PageRequest {
  @IsUUID() organizationId: string;
  @IsOptional() @IsString() @MaxLength(255) consumerKey?: string;
}

export class LogoutNoticePage extends Page<LogoutNotice> {}

/** One of them. */
export class NameLogoutNotice {
  @IsUUID() organizationId: string;
  @IsUUID() sessionId: string;
  @IsString() @MaxLength(255) consumerKey: string;
}

/** In the order of session and consumer key. */
export const listLogoutNotices = rpc('token.logout-notice.list', ListLogoutNotices, LogoutNoticePage, {
  repeatable: true,
});
/** Tries it now, and from the beginning if that fails as well. Errors of both: `not_found`. */
export const retryLogoutNotice = rpc('token.logout-notice.retry', NameLogoutNotice, Empty, { repeatable: true });
/** The client is not told any more. */
export const dropLogoutNotice = rpc('token.logout-notice.drop', NameLogoutNotice, Empty);
