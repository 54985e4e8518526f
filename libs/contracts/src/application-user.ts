import { IsOptional, IsUUID } from 'class-validator';
import { Page, PageRequest } from './page';
import { rpc } from './rpc';

/** A user who was given tokens through an application, whether or not any of them is still alive. */
export class ApplicationUser {
  /** The user's immutable id. */
  sub: string;
  /** The user's own organization. */
  organizationId: string;
  /** `null` when there is no such user any more. */
  username: string | null;
  /** The grant of the last sign-in. */
  grant: string;
  /** When the first and the last token was issued, ISO 8601; the last one to the minute. */
  firstAt: string;
  lastAt: string;
}

/** In the order of `sub`. */
export class ListApplicationUsers extends PageRequest {
  @IsUUID() organizationId: string;
  @IsUUID() applicationId: string;
  @IsOptional() @IsUUID() override after?: string;
}

export class ApplicationUserPage extends Page<ApplicationUser> {}

/** The registered users of an application; of one that is not there, none. */
export const listApplicationUsers = rpc('token.application-user.list', ListApplicationUsers, ApplicationUserPage, {
  repeatable: true,
});
