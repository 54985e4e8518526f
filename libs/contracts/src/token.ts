import { IsIP, IsObject, IsOptional, IsString, IsUUID, MaxLength } from 'class-validator';
import { ClientCertificate } from './client';
import { Nested } from './nested';
import { Possession } from './possession';
import { rpc } from './rpc';

/** A form posted to the token, revocation or introspection endpoint. Parameters occur once; empty ones are left out. */
export class TokenRequest {
  @IsObject() params: Record<string, string>;
  /** The `Authorization` header as it came. */
  @IsOptional() @IsString() @MaxLength(8192) authorization?: string;
  /** The organization of the path `/t/<orgkey>/`; absent at the root, where the consumer key decides. */
  @IsOptional() @IsUUID() organizationId?: string;
  /** The client's address as the gateway trusts it. */
  @IsIP() ip: string;
  @IsOptional() @Nested(() => ClientCertificate) certificate?: ClientCertificate;
  /** What a token that is issued for it can be bound to. */
  @IsOptional() @Nested(() => Possession) possession?: Possession;
}

/** RFC 6749 §5.1. */
export class TokenResponse {
  access_token: string;
  refresh_token?: string;
  /** OpenID Connect Core 1.0 §3.1.3.3. */
  id_token?: string;
  scope: string;
  /** `DPoP` when it is bound to a key (RFC 9449 §5). */
  token_type: 'Bearer' | 'DPoP';
  /** Seconds. */
  expires_in: number;
  /** RFC 8693 §2.2.1, of a token that was exchanged. */
  issued_token_type?: string;
}

export class IssuedToken {
  body: TokenResponse;
  /** When this client's password grant ends, ISO 8601: `Deprecation` and `Sunset` (RO-08). */
  sunset?: string;
  /** A nonce for the next proof, as the one sent will soon be over (RFC 9449 §8.2). */
  dpopNonce?: string;
}

export class Revoked {}

/** RFC 7662 §2.2; `{active: false}` alone for every token that is not. */
export class Introspection {
  active: boolean;
  [claim: string]: unknown;
}

/** A bearer token at the management API. */
export class VerifyBearer {
  @IsString() @MaxLength(8192) token: string;
  @IsOptional() @Nested(() => Possession) possession?: Possession;
}

/** Whom a management token stands for. */
export class Bearer {
  sub: string;
  clientId: string;
  organizationId: string;
  /** That organization's key. */
  orgKey: string;
  /** Those that its user may have now. */
  scopes: string[];
  /** Its user's in their own organization, now; absent: none. */
  roles?: string[];
  /** As of `IssuedToken`. */
  dpopNonce?: string;
}

/** An access token at an API of the organization that issued it. */
export class ReadAccessToken {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(8192) token: string;
}

/** What an access token that may be used now says (RFC 9068 §2.2); nothing of any other. */
export class ReadToken {
  claims?: Record<string, unknown>;
}

/** The management API for all organizations; by password through `keyward-cli` of `root` alone (RO-07). */
export const MANAGEMENT_SCOPE = 'keyward:manage';
/** The role in `root` that may have it. */
export const OPERATOR_ROLE = 'operator';
/** The consumer key of scripts that work for the operator. */
export const CLI_CONSUMER_KEY = 'keyward-cli';
/** The consumer key of people at a command line, of whatever organization: a public client of `root`. */
export const LOGIN_CONSUMER_KEY = 'keyward-login';
/** The management API for what is of the user's own organization. */
export const ADMIN_SCOPE = 'keyward:admin';
/** The same for its APIs, scopes, plans and subscriptions alone. */
export const PUBLISHER_SCOPE = 'keyward:publish';
/** The roles that every organization but `root` has, and what they give: both of these scopes, or the second. */
export const ADMIN_ROLE = 'admin';
export const PUBLISHER_ROLE = 'publisher';

/**
 * Errors: those of RFC 6749 §5.2, `too_many_requests`, `temporarily_unavailable`. All three prove the client, and a wrong
 * secret is counted, so they are not repeatable.
 */
export const issueToken = rpc('token.token.issue', TokenRequest, IssuedToken);
/** RFC 7009. Errors: `invalid_client`, `invalid_request`, `too_many_requests`. */
export const revokeToken = rpc('token.token.revoke', TokenRequest, Revoked);
/** RFC 7662. Errors: `invalid_client`, `invalid_request`, `too_many_requests`. */
export const introspectToken = rpc('token.token.introspect', TokenRequest, Introspection);
/** Errors: `invalid_token`; `invalid_dpop_proof`, also where a lost message has used the proof up. */
export const verifyBearer = rpc('token.bearer.verify', VerifyBearer, Bearer, { repeatable: true });
/** For gateways, which verify JWTs by themselves: what an opaque token says. No client proves itself. */
export const readAccessToken = rpc('token.access-token.read', ReadAccessToken, ReadToken, { repeatable: true });
