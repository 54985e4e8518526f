import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsObject,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import {
  AUTH_METHODS,
  GRANT_TYPES,
  SUBJECT_TYPES,
  TOKEN_BINDINGS,
  type AuthMethod,
  type SubjectType,
  type TokenBinding,
} from './client';
import { CertificateSubject, ClientJwks } from './client-proof';
import { ACCESS_TOKEN_POLICIES, type AccessTokenPolicy } from './compatibility';
import { Nested } from './nested';
import { IsNullable } from './nullable';
import { APPLICATION_TYPES, type ApplicationType } from './relying-party';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';
import { IsTime } from './time';
import { SIGNING_ALGORITHMS, type SigningAlgorithm } from './signing-key';

/** A secret as administrators see it: never its value. */
export class SecretInfo {
  id: string;
  createdAt: string;
  /** `null`: it does not expire. */
  expiresAt: string | null;
  /** To the minute or so; `null` before its first use. */
  lastUsedAt: string | null;
}

/** A key pair of an application. */
export class ConsumerKey {
  consumerKey: string;
  applicationId: string;
  application: string;
  kind: 'production' | 'sandbox';
  state: 'active' | 'disabled';
  grantTypes: string[];
  tokenType: 'jwt' | 'opaque';
  public: boolean;
  tokenEndpointAuthMethod: AuthMethod;
  /** The public keys of `private_key_jwt`: themselves, or where they are. */
  jwks: ClientJwks | null;
  jwksUri: string | null;
  certificateSubject: CertificateSubject | null;
  tokenBinding: TokenBinding;
  allowedOrigins: string[];
  rotateRefreshTokens: boolean;
  accessTokenPolicy: AccessTokenPolicy;
  accessTokenLifetime: number | null;
  refreshTokenLifetime: number | null;
  passwordGrantSunset: string | null;
  applicationType: ApplicationType;
  redirectUris: string[];
  postLogoutRedirectUris: string[];
  /** Where it is told that a session of a user has ended. */
  backchannelLogoutUri: string | null;
  idTokenSignedResponseAlg: SigningAlgorithm;
  /** `null`: UserInfo is plain JSON. */
  userinfoSignedResponseAlg: SigningAlgorithm | null;
  subjectType: SubjectType;
  sectorIdentifierUri: string | null;
  requirePushedAuthorizationRequests: boolean;
  trusted: boolean;
  /** `null`: any client that may exchange tokens. */
  mayAct: string | null;
  secrets: SecretInfo[];
  createdAt: string;
}

/** A consumer key and its secret, shown once; a client that proves itself without one has none. */
export class GeneratedKey {
  key: ConsumerKey;
  consumerSecret?: string;
}

class KeySettings {
  /** `password`, `client_credentials` and `refresh_token` when absent; `authorization_code` as well with redirect URIs. */
  @IsOptional() @IsArray() @ArrayUnique() @ArrayMaxSize(10) @IsIn(GRANT_TYPES, { each: true }) grantTypes?: string[];
  /** `jwt` when absent. */
  @IsOptional() @IsIn(['jwt', 'opaque']) tokenType?: 'jwt' | 'opaque';
  @IsOptional() @IsBoolean() rotateRefreshTokens?: boolean;
  /** `new` when absent. `reuse` is for opaque tokens of a client with a secret. */
  @IsOptional() @IsIn(ACCESS_TOKEN_POLICIES) accessTokenPolicy?: AccessTokenPolicy;
  /** Seconds, 60 to a day; the server's setting when absent; `null` in an update goes back to it. */
  @IsNullable() @IsInt() @Min(60) @Max(86400) accessTokenLifetime?: number | null;
  /** Seconds, 60 to 90 days; the server's setting when absent; `null` in an update goes back to it. */
  @IsNullable() @IsInt() @Min(60) @Max(7776000) refreshTokenLifetime?: number | null;
  /** `client_secret_basic` when absent, `none` for a public client. Without a secret there is none generated. */
  @IsOptional() @IsIn(AUTH_METHODS) tokenEndpointAuthMethod?: AuthMethod;
  /** For `tls_client_auth`. */
  @IsOptional() @Nested(() => CertificateSubject) certificateSubject?: CertificateSubject;
  /** What each of its access tokens must be bound to; `none` when absent: to what it shows, if anything. */
  @IsOptional() @IsIn(TOKEN_BINDINGS) tokenBinding?: TokenBinding;
  /** A JWK set (RFC 7517 §5) of public keys for `private_key_jwt`, and of certificates for `self_signed_tls_client_auth`; in an update it takes the place of `jwksUri`. */
  @IsOptional() @IsObject() jwks?: object;
  /** Or an https URL that the set is fetched from. */
  @IsOptional() @IsString() @MaxLength(2000) jwksUri?: string;
  /** Of pages whose scripts may ask as this client (CORS): `https://shop.example`. All of them: an update replaces them. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(20)
  @IsString({ each: true })
  @MaxLength(300, { each: true })
  allowedOrigins?: string[];
  /** When its password grant ends; `null` in an update takes that back. */
  @IsNullable() @IsTime() passwordGrantSunset?: string | null;
  /** `native` runs on its user's device; `web`, when absent, on a server or in a browser. */
  @IsOptional() @IsIn(APPLICATION_TYPES) applicationType?: ApplicationType;
  /** Where authorization codes may be sent; compared character by character. All of them: an update replaces them. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(1000, { each: true })
  redirectUris?: string[];
  /** Where a browser may be sent after signing out. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @IsString({ each: true })
  @MaxLength(1000, { each: true })
  postLogoutRedirectUris?: string[];
  /** OpenID Connect Back-Channel Logout 1.0 §2.2: an https URL without fragment; `null` in an update takes it away. */
  @IsNullable() @IsString() @MaxLength(1000) backchannelLogoutUri?: string | null;
  /** How its ID and logout tokens are signed: `RS256` when absent. */
  @IsOptional() @IsIn(SIGNING_ALGORITHMS) idTokenSignedResponseAlg?: SigningAlgorithm;
  /** UserInfo as a JWT, signed like this; `null`, as when absent: plain JSON. */
  @IsNullable() @IsIn(SIGNING_ALGORITHMS) userinfoSignedResponseAlg?: SigningAlgorithm | null;
  /** `public` when absent. `pairwise` is for opaque access tokens, which are then its default. */
  @IsOptional() @IsIn(SUBJECT_TYPES) subjectType?: SubjectType;
  /** An https URL of a JSON array of redirect URIs, these among them: the clients that name it know a user by one name. Needed for `pairwise` unless all redirect URIs have one host; `null` in an update takes it away. */
  @IsNullable() @IsString() @MaxLength(1000) sectorIdentifierUri?: string | null;
  /** RFC 9126 §6: its users cannot come but with a request that it has pushed. */
  @IsOptional() @IsBoolean() requirePushedAuthorizationRequests?: boolean;
  /** `true` when absent; nobody is sent to a client that is not, unasked, before they have signed in (RFC 9700 §4.11.2). */
  @IsOptional() @IsBoolean() trusted?: boolean;
  /** The consumer key of the one client that may act for its users by token exchange (`may_act`, RFC 8693 §4.4); `null` in an update: any that may exchange. */
  @IsNullable() @Matches(/^[\w.~-]{1,255}$/) mayAct?: string | null;
}

export class GenerateKey extends KeySettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
  @IsIn(['production', 'sandbox']) kind: 'production' | 'sandbox';
  /** A client without a secret. */
  @IsOptional() @IsBoolean() public?: boolean;
  /** An existing pair to import, as another server generated it. */
  @IsOptional() @IsString() @Matches(/^[A-Za-z0-9._~-]{8,255}$/) consumerKey?: string;
  @IsOptional() @IsString() @MinLength(16) @MaxLength(255) consumerSecret?: string;
  /** The organization's: a client that sends a secret, or nothing, could get no token in it. */
  @IsOptional() @IsBoolean() highAssurance?: boolean;
}

export class ListKeys extends PageRequest {
  @IsUUID() organizationId: string;
  @IsOptional() @IsString() @MaxLength(100) application?: string;
}

export class NameKey {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) consumerKey: string;
}

export class UpdateKey extends KeySettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(255) consumerKey: string;
  @IsOptional() @IsIn(['active', 'disabled']) state?: 'active' | 'disabled';
  /** The organization's, as of `GenerateKey`. */
  @IsOptional() @IsBoolean() highAssurance?: boolean;
}

export class RotateSecret extends NameKey {
  /** How long the secrets before stay valid, seconds; 0 ends them now. A day when absent. */
  @IsOptional() @IsInt() @Min(0) @Max(7776000) overlap?: number;
}

export class KeyPage extends Page<ConsumerKey> {}

/** Errors of these: `not_found`; `conflict` when a consumer key is taken. */
export const generateKey = rpc('key-manager.consumer-key.generate', GenerateKey, GeneratedKey);
export const listKeys = rpc('key-manager.consumer-key.list', ListKeys, KeyPage, { repeatable: true });
export const findKey = rpc('key-manager.consumer-key.find', NameKey, ConsumerKey, { repeatable: true });
export const updateKey = rpc('key-manager.consumer-key.update', UpdateKey, ConsumerKey, { repeatable: true });
/** Errors: `not_found`; `conflict` for the 51st secret that would be valid; `invalid_request` for a client without one. */
export const rotateSecret = rpc('key-manager.consumer-key.rotate-secret', RotateSecret, GeneratedKey);
export const deleteKey = rpc('key-manager.consumer-key.delete', NameKey, Empty);
