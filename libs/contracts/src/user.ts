import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsEmail,
  IsIn,
  IsOptional,
  IsString,
  IsUrl,
  IsUUID,
  Matches,
  MaxLength,
  MinLength,
} from 'class-validator';
import { Nested } from './nested';
import { Page, PageRequest } from './page';
import { rpc } from './rpc';

const WEB = { protocols: ['https', 'http'], require_protocol: true, require_tld: false };

/** Who a token is about. */
export class Subject {
  /** The user's immutable id. */
  sub: string;
  username: string;
  roles: string[];
  /** When the password last changed, Unix seconds: grants from before are dead (RT-10). */
  credentialsChangedAt: number;
  /** When all of the user's grants were ended last, Unix seconds; of a user who may still have tokens alone. */
  grantsEndedAt?: number | null;
}

/** A user who has just proven who it is. */
export class ProvenUser extends Subject {
  /** When, Unix seconds by the clock of the directory's database: what of the user is ended later is later than this. */
  authTime: number;
}

export class AuthenticateUser {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(384) username: string;
  /** Verified byte for byte as received; at most 1,024 bytes of UTF-8. */
  @IsString() @MaxLength(1024) password: string;
  /** The authenticated client that tries: wrong passwords are counted for it too (BF-03). */
  @IsString() @MaxLength(255) clientId: string;
  /** The client's own organization, whosever user it tries. */
  @IsUUID() clientOrganizationId: string;
  /** The login name cannot be of this client: cost, count and answer are those of a wrong password (RO-04). */
  @IsOptional() @IsBoolean() refuse?: boolean;
}

export class CheckUser {
  @IsUUID() organizationId: string;
  @IsUUID() sub: string;
}

export class NameUsers {
  @IsUUID() organizationId: string;
  @IsArray() @ArrayMaxSize(200) @IsUUID(undefined, { each: true }) ids: string[];
}

/** What the users of these ids are called now; one who is gone is not in it. */
export class UserNames {
  names: Record<string, string>;
}

/** OpenID Connect Core 1.0 §5.1.1. */
export class Address {
  @IsOptional() @IsString() @MaxLength(1000) formatted?: string;
  @IsOptional() @IsString() @MaxLength(500) street_address?: string;
  @IsOptional() @IsString() @MaxLength(200) locality?: string;
  @IsOptional() @IsString() @MaxLength(200) region?: string;
  @IsOptional() @IsString() @MaxLength(50) postal_code?: string;
  @IsOptional() @IsString() @MaxLength(200) country?: string;
}

/** The standard claims about a user, OpenID Connect Core 1.0 §5.1, under their names there. */
export class Profile {
  @IsOptional() @IsString() @MaxLength(200) name?: string;
  @IsOptional() @IsString() @MaxLength(200) given_name?: string;
  @IsOptional() @IsString() @MaxLength(200) family_name?: string;
  @IsOptional() @IsString() @MaxLength(200) middle_name?: string;
  @IsOptional() @IsString() @MaxLength(200) nickname?: string;
  @IsOptional() @IsUrl(WEB) profile?: string;
  @IsOptional() @IsUrl(WEB) picture?: string;
  @IsOptional() @IsUrl(WEB) website?: string;
  @IsOptional() @IsString() @MaxLength(50) gender?: string;
  /** `YYYY-MM-DD`, `0000-MM-DD` or `YYYY`. */
  @IsOptional() @Matches(/^\d{4}(-\d{2}-\d{2})?$/) birthdate?: string;
  @IsOptional() @IsString() @MaxLength(100) zoneinfo?: string;
  @IsOptional() @IsString() @MaxLength(35) locale?: string;
  @IsOptional() @IsEmail() @MaxLength(320) email?: string;
  @IsOptional() @IsBoolean() email_verified?: boolean;
  @IsOptional() @IsString() @MaxLength(50) phone_number?: string;
  @IsOptional() @IsBoolean() phone_number_verified?: boolean;
  @IsOptional() @Nested(() => Address) address?: Address;
}

/** A user's profile, as clients and upstreams are told of it. */
export class FoundProfile {
  profile: Profile;
  roles: string[];
}

/** A user as administrators see one; the password is nowhere in it. */
export class User {
  id: string;
  organizationId: string;
  username: string;
  state: 'active' | 'disabled' | 'pending';
  roles: string[];
  profile: Profile;
  /** Until when wrong passwords keep the account closed, ISO 8601, the end of 9999 until unlocked; `null`: it is open. */
  lockedUntil: string | null;
  createdAt: string;
}

/** A user and the initial password, shown once, when it was generated here. */
export class CreatedUser {
  user: User;
  password?: string;
}

export class CreateUser {
  @IsUUID() organizationId: string;
  @IsString() @MinLength(1) @MaxLength(384) username: string;
  /** 15 characters at least (NIST SP 800-63B-4), 1,024 bytes at most; generated when absent. */
  @IsOptional() @IsString() @MinLength(15) @MaxLength(1024) password?: string;
  @IsOptional() @IsIn(['active', 'pending']) state?: 'active' | 'pending';
  @IsOptional() @Nested(() => Profile) profile?: Profile;
  @IsOptional() @IsArray() @ArrayMaxSize(50) @ArrayUnique() @Matches(/^[\w.-]{1,64}$/, { each: true }) roles?: string[];
}

export class ListUsers extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameUser {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(384) username: string;
}

/** Changes what is present; a profile is replaced. */
export class UpdateUser extends NameUser {
  @IsOptional() @Nested(() => Profile) profile?: Profile;
  @IsOptional() @IsIn(['active', 'disabled']) state?: 'active' | 'disabled';
  @IsOptional() @IsArray() @ArrayMaxSize(50) @ArrayUnique() @Matches(/^[\w.-]{1,64}$/, { each: true }) roles?: string[];
}

export class ResetPassword extends NameUser {
  @IsOptional() @IsString() @MinLength(15) @MaxLength(1024) password?: string;
}

export class UserPage extends Page<User> {}

/**
 * Proves a user by password. Errors: `invalid_grant`, one for every cause (RO-04); `too_many_requests` for the client;
 * `temporarily_unavailable` when the hashing queue is full. Counted, so not repeatable.
 */
export const authenticateUser = rpc('directory.user.authenticate', AuthenticateUser, ProvenUser);
/** A user who may still have tokens. Errors: `invalid_grant` when disabled or gone. */
export const checkUser = rpc('directory.user.check', CheckUser, Subject, { repeatable: true });
/** Errors: `not_found`. */
export const getProfile = rpc('directory.user.profile', CheckUser, FoundProfile, { repeatable: true });

export const nameUsers = rpc('directory.user.name', NameUsers, UserNames, { repeatable: true });

/** Errors: `conflict` when the name is taken; `invalid_request` for a name that ends in `@` and an org key. */
export const createUser = rpc('directory.user.create', CreateUser, CreatedUser);
export const listUsers = rpc('directory.user.list', ListUsers, UserPage, { repeatable: true });
/** Errors of these five: `not_found`; to disable the last operator of `root`, or take its role: `invalid_request`. */
export const findUser = rpc('directory.user.find', NameUser, User, { repeatable: true });
export const updateUser = rpc('directory.user.update', UpdateUser, User, { repeatable: true });
export const unlockUser = rpc('directory.user.unlock', NameUser, User, { repeatable: true });
/** Ends all that the user has granted: refresh tokens, offline access and sessions as well. */
export const endGrants = rpc('directory.user.end-grants', NameUser, User);
export const resetPassword = rpc('directory.user.reset-password', ResetPassword, CreatedUser);
/** Deletes the user and everything the directory knows of it. Errors: `not_found`; `invalid_request` for the last operator. */
export const deleteUser = rpc('directory.user.delete', NameUser, User);
