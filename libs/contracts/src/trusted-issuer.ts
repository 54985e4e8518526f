import {
  ArrayMaxSize,
  IsArray,
  IsBoolean,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  MinLength,
} from 'class-validator';
import { SCOPE_TOKEN } from './api';
import { ClientJwks } from './client-proof';
import { feed } from './feed';
import { Nested } from './nested';
import { IsNullable } from './nullable';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

const NAME = /^[\w.-]{1,100}$/;
const CLAIM = /^[\w:/.-]{1,100}$/;

/** How many users an issuer may speak of. */
export const MOST_LINKED = 500;

/** Of whom an issuer may speak: its own name for somebody, and the user of ours that an administrator says it is. */
export class LinkedUser {
  @IsString() @MinLength(1) @MaxLength(255) subject: string;
  @IsUUID() userId: string;
}

/** A client of somebody else's, and the consumer key of ours that it calls as: its application, subscriptions and kind. */
export class AdmittedClient {
  @IsString() @MinLength(1) @MaxLength(255) client: string;
  @IsString() @MinLength(1) @MaxLength(100) consumerKey: string;
}

/** A scope of somebody else's, and the one of ours that it stands for. */
export class AdmittedScope {
  @Matches(SCOPE_TOKEN) scope: string;
  @Matches(SCOPE_TOKEN) as: string;
}

/** What the access tokens of an issuer open of an organization's APIs: what is not named here, nothing. */
export class IssuerAccess {
  /** What their `aud` must have in it, exactly. */
  @IsString() @MinLength(1) @MaxLength(500) audience: string;
  /** The claim that names the client; `client_id` (RFC 9068 §2.2) when absent. */
  @IsOptional() @Matches(CLAIM) clientClaim?: string;
  /** The claim that has the scopes, as a text or a list; `scope` when absent. */
  @IsOptional() @Matches(CLAIM) scopeClaim?: string;
  /** Takes tokens of the type `JWT` or of none as well, for issuers that do not write `at+jwt` (RFC 9068 §2.1). */
  @IsOptional() @IsBoolean() anyType?: boolean;
  @IsArray() @ArrayMaxSize(200) @Nested(() => AdmittedClient, { each: true }) clients: AdmittedClient[];
  @IsArray() @ArrayMaxSize(200) @Nested(() => AdmittedScope, { each: true }) scopes: AdmittedScope[];
}

/** What gateways hold of an issuer whose access tokens open something. */
export class TrustedIssuerRecord {
  organizationId: string;
  /** Unique in its organization. */
  name: string;
  issuer: string;
  access: IssuerAccess;
}

/** Every trusted issuer whose access tokens open something; said again when its keys are replaced. */
export const trustedIssuers = feed<TrustedIssuerRecord>('key-manager.trusted-issuers');

/** Somebody else's issuer: its assertions may stand for an organization's users (RFC 7523 §2.1), its access tokens open APIs. */
export class TrustedIssuer {
  organizationId: string;
  /** Unique in its organization. */
  name: string;
  /** The `iss` of its assertions. */
  issuer: string;
  /** Its public keys: themselves, or where they are. */
  jwks: ClientJwks | null;
  jwksUri: string | null;
  users: LinkedUser[];
  /** `null`: its access tokens open nothing. */
  access: IssuerAccess | null;
  createdAt: string;
}

class TrustSettings {
  /** A JWK set (RFC 7517 §5) of public keys; in an update it takes the place of `jwksUri`. */
  @IsOptional() @IsObject() jwks?: object;
  /** Or an https URL that the set is fetched from. */
  @IsOptional() @IsString() @MaxLength(2000) jwksUri?: string;
  /** All of them: an update replaces them. Nobody is linked by a name or address that happens to be the same. */
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_LINKED)
  @Nested(() => LinkedUser, { each: true })
  users?: LinkedUser[];
  /** All of it: an update replaces it, `null` takes it away. */
  @IsNullable() @Nested(() => IssuerAccess) access?: IssuerAccess | null;
}

export class CreateTrustedIssuer extends TrustSettings {
  @IsUUID() organizationId: string;
  @Matches(NAME) name: string;
  @IsString() @MinLength(1) @MaxLength(500) issuer: string;
}

export class ListTrustedIssuers extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameTrustedIssuer {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) name: string;
}

/** Changes what is present. */
export class UpdateTrustedIssuer extends TrustSettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) name: string;
}

/** One more user, or another one for that subject; those beside stay. */
export class LinkUser extends NameTrustedIssuer {
  @IsString() @MinLength(1) @MaxLength(255) subject: string;
  @IsUUID() userId: string;
}

export class UnlinkUser extends NameTrustedIssuer {
  @IsString() @MaxLength(255) subject: string;
}

export class TrustedIssuerPage extends Page<TrustedIssuer> {}

/** The keys of an issuer whose access tokens open something. */
export class IssuerKeysOf {
  @IsUUID() organizationId: string;
  /** Of its record. */
  @IsUUID() id: string;
  /** One that signed is missing: they are fetched anew, once a minute at most. */
  @IsOptional() @IsBoolean() newer?: boolean;
}

/** An assertion that is to be a grant, as it says of itself. */
export class VerifyGrantAssertion {
  @IsUUID() organizationId: string;
  /** A compact JWS. */
  @IsString() @MaxLength(8192) assertion: string;
  @IsString() @MaxLength(500) issuer: string;
  /** Our own issuer, the only audience it may have. */
  @IsString() @MaxLength(2048) audience: string;
}

/** The user that a valid assertion speaks of. */
export class AssertedUser {
  sub: string;
}

/** Errors of these: `not_found`; `conflict` when the name or the issuer is taken; `invalid_request` for keys of no use. */
export const createTrustedIssuer = rpc('key-manager.trusted-issuer.create', CreateTrustedIssuer, TrustedIssuer);
export const listTrustedIssuers = rpc('key-manager.trusted-issuer.list', ListTrustedIssuers, TrustedIssuerPage, {
  repeatable: true,
});
export const findTrustedIssuer = rpc('key-manager.trusted-issuer.find', NameTrustedIssuer, TrustedIssuer, {
  repeatable: true,
});
export const updateTrustedIssuer = rpc('key-manager.trusted-issuer.update', UpdateTrustedIssuer, TrustedIssuer, {
  repeatable: true,
});
/** Errors: `not_found`; `conflict` for one user more than `MOST_LINKED`; `invalid_request`. */
export const linkUser = rpc('key-manager.trusted-issuer.link', LinkUser, TrustedIssuer, { repeatable: true });
/** Errors: `not_found` for a subject that is not linked as well. */
export const unlinkUser = rpc('key-manager.trusted-issuer.unlink', UnlinkUser, TrustedIssuer);
export const deleteTrustedIssuer = rpc('key-manager.trusted-issuer.delete', NameTrustedIssuer, Empty);
/** Errors: `not_found`; `temporarily_unavailable` while its keys cannot be fetched. */
export const getIssuerKeys = rpc('key-manager.trusted-issuer.keys', IssuerKeysOf, ClientJwks, { repeatable: true });
/** Errors: `invalid_grant`, one for every cause. The assertion is used up: not repeatable. */
export const verifyGrantAssertion = rpc('key-manager.assertion.verify', VerifyGrantAssertion, AssertedUser);
