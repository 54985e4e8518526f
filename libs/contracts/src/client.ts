import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsBoolean,
  IsIP,
  IsOptional,
  IsString,
  IsUUID,
  MaxLength,
} from 'class-validator';
import type { AccessTokenPolicy } from './compatibility';
import { feed } from './feed';
import { Nested } from './nested';
import { Empty, rpc } from './rpc';

/** The grant types a consumer key may be allowed. */
export const GRANT_TYPES = [
  'password',
  'client_credentials',
  'refresh_token',
  'authorization_code',
  'urn:ietf:params:oauth:grant-type:token-exchange',
  'urn:ietf:params:oauth:grant-type:jwt-bearer',
  'urn:ietf:params:oauth:grant-type:device_code',
] as const;
export type GrantType = (typeof GRANT_TYPES)[number];

/** How a client proves itself (RFC 7591 §2); the two ways to send a secret are one to us (CA-03). */
export const AUTH_METHODS = [
  ...(['client_secret_basic', 'client_secret_post', 'private_key_jwt'] as const),
  ...(['tls_client_auth', 'self_signed_tls_client_auth', 'none'] as const),
] as const;
export type AuthMethod = (typeof AUTH_METHODS)[number];

/** Those by which nothing is sent that another could prove itself by. */
export const ASYMMETRIC_METHODS: readonly AuthMethod[] = [
  ...(['private_key_jwt', 'tls_client_auth', 'self_signed_tls_client_auth'] as const),
];

/** What every token of a client is bound to: a DPoP key (RFC 9449 §5.2), its certificate (RFC 8705 §3.4), or what it shows. */
export const TOKEN_BINDINGS = ['none', 'dpop', 'certificate'] as const;
export type TokenBinding = (typeof TOKEN_BINDINGS)[number];

/** What a client is told in `sub`: the user's id, or a name that nobody else knows it by (OpenID Connect Core 1.0 §8). */
export const SUBJECT_TYPES = ['public', 'pairwise'] as const;
export type SubjectType = (typeof SUBJECT_TYPES)[number];

/** An authenticated client: what the token service needs to know of a consumer key. */
export class Client {
  clientId: string;
  organizationId: string;
  applicationId: string;
  kind: 'production' | 'sandbox';
  grantTypes: string[];
  /** The form of its access tokens. */
  tokenType: 'jwt' | 'opaque';
  /** It has no secret: a public client (RFC 6749 §2.1). */
  public: boolean;
  method: AuthMethod;
  tokenBinding: TokenBinding;
  /** Users of other organizations may sign in; only the operator can switch it on. */
  multiOrganization: boolean;
  /** An unknown scope is `invalid_scope` instead of dropped. */
  strictScopes: boolean;
  /** Refresh tokens are replaced on every use (RT-14). */
  rotateRefreshTokens: boolean;
  accessTokenPolicy: AccessTokenPolicy;
  /** With `pairwise`, nothing that it is given says its user's id. */
  subjectType: SubjectType;
  /** The one client that may act for its users by token exchange (RFC 8693 §4.4); any that may exchange when absent. */
  mayAct?: string;
  /** Seconds; the server's setting when absent. */
  accessTokenLifetime?: number;
  refreshTokenLifetime?: number;
  /** When its password grant ends, ISO 8601 (RO-08). */
  passwordGrantSunset?: string;
  /** Unix seconds: what was issued before was issued to another of its name, and is dead. */
  tokensFrom: number;
}

/** One reading of what the client sent. `clientSecret` is absent for a public client. */
export class ClientCredentials {
  @IsString() @MaxLength(255) clientId: string;
  @IsOptional() @IsString() @MaxLength(1024) clientSecret?: string;
}

/** The certificate of a client, as a proxy that is trusted has seen it in use. */
export class ClientCertificate {
  /** Base64. */
  @IsString() @MaxLength(12_000) der: string;
  /** Whether an authority has issued it that is trusted for this. */
  @IsBoolean() issued: boolean;
}

export class AuthenticateClient {
  /** A Basic header can be read form-decoded or raw (CA-02): tried in this order, counted as one attempt. */
  @IsArray()
  @ArrayMinSize(1)
  @ArrayMaxSize(2)
  @Nested(() => ClientCredentials, { each: true })
  credentials: ClientCredentials[];
  /** The organization whose endpoint was asked; absent at the root. */
  @IsOptional() @IsUUID() organizationId?: string;
  /** The client's address as the gateway trusts it. */
  @IsIP() ip: string;
  @IsOptional() @Nested(() => ClientCertificate) certificate?: ClientCertificate;
}

/**
 * Proves a client by its secret, or by its certificate where it sends none. Errors: `invalid_client`, one for every cause (CA-07); `too_many_requests` (BF-20).
 * A failure is counted, so it is not repeatable.
 */
export const authenticateClient = rpc('key-manager.client.authenticate', AuthenticateClient, Client);

/** A client's assertion about itself, RFC 7523 §2.2. */
export class AssertClient {
  /** A compact JWS. */
  @IsString() @MaxLength(8192) assertion: string;
  /** Whom it says it is of, unproven. */
  @IsString() @MaxLength(255) clientId: string;
  /** The organization whose issuer it is meant for, and must be the client's. */
  @IsUUID() organizationId: string;
  /** That issuer, the only audience it may have. */
  @IsString() @MaxLength(2048) audience: string;
  /** The client's address as the gateway trusts it. */
  @IsIP() ip: string;
}

/** Proves a client by a signature. Errors: as of `authenticateClient`. It counts, and it is used up: not repeatable. */
export const assertClient = rpc('key-manager.client.assert', AssertClient, Client);

export class CheckClient {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) clientId: string;
}

/** A client of this organization that may still have tokens. Errors: `invalid_client` when disabled or gone. */
export const checkClient = rpc('key-manager.client.check', CheckClient, Empty, { repeatable: true });

/** What a gateway holds of a consumer key: whose tokens its are. */
export class ClientRecord {
  organizationId: string;
  applicationId: string;
  kind: 'production' | 'sandbox';
  active: boolean;
}

/**
 * Every consumer key by its `client_id`: no secret and no MAC is in an event. Gateways follow it with its records, who keeps
 * a cache of more follows the changes alone.
 */
export const consumerKeyChanges = feed<ClientRecord>('key-manager.consumer-keys');
