import { Type } from 'class-transformer';
import {
  ArrayMaxSize,
  IsArray,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  MaxLength,
  MinLength,
  ValidateNested,
} from 'class-validator';
import type { ClientJwks } from './client-proof';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

const NAME = /^[\w.-]{1,100}$/;

/** Of whom an issuer may speak: its own name for somebody, and the user of ours that an administrator says it is. */
export class LinkedUser {
  @IsString() @MinLength(1) @MaxLength(255) subject: string;
  @IsUUID() userId: string;
}

/** Somebody else's issuer whose assertions an organization takes for its users (RFC 7523 §2.1). */
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
  @ArrayMaxSize(500)
  @ValidateNested({ each: true })
  @Type(() => LinkedUser)
  users?: LinkedUser[];
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

export class TrustedIssuerPage extends Page<TrustedIssuer> {}

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
export const deleteTrustedIssuer = rpc('key-manager.trusted-issuer.delete', NameTrustedIssuer, Empty);
/** Errors: `invalid_grant`, one for every cause. The assertion is used up: not repeatable. */
export const verifyGrantAssertion = rpc('key-manager.assertion.verify', VerifyGrantAssertion, AssertedUser);
