import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsBoolean,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
  MinLength,
} from 'class-validator';
import { feed } from './feed';
import { Nested } from './nested';
import { IsNullable } from './nullable';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** What a resource may be asked with; the gateway answers a `HEAD` or an `OPTIONS` that is not listed by its own rules. */
export const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Verb = (typeof VERBS)[number];

/** The life cycle of an API version: who may call it, and what it may become. */
export const API_STATES = ['CREATED', 'PUBLISHED', 'DEPRECATED', 'BLOCKED', 'RETIRED'] as const;
export type ApiState = (typeof API_STATES)[number];

/** Whose tokens a resource takes: any, an application's own, a user's, or none at all. */
export const AUTHENTICATIONS = ['any', 'application', 'user', 'none'] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

/** What opens an API: access tokens (OAuth 2), or keys of applications. */
export const CREDENTIALS = ['token', 'api-key'] as const;
export type Credential = (typeof CREDENTIALS)[number];

/** What upstreams may be told of a user, OpenID Connect Core 1.0 §5.1. */
export const BACKEND_CLAIMS = [
  ...(['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'email', 'phone_number', 'birthdate'] as const),
  ...(['gender', 'locale', 'zoneinfo', 'picture', 'website', 'roles'] as const),
] as const;
export type BackendClaim = (typeof BACKEND_CLAIMS)[number];

const VISIBILITIES = ['public', 'organization', 'roles'] as const;
export type Visibility = (typeof VISIBILITIES)[number];

/** The form of an API's or a plan's name: no colon, for `name:version` names a version. */
export const API_NAME = /^[A-Za-z0-9][\w. -]{0,99}$/;
/** It is a part of paths, and never `..`. */
export const API_VERSION = /^[A-Za-z0-9][\w.-]{0,29}$/;
const ROLE = /^[\w.-]{1,64}$/;
/** RFC 6749 §3.3: one scope-token. */
export const SCOPE_TOKEN = /^[\x21\x23-\x5b\x5d-\x7e]{1,100}$/;

/** Who asks for APIs: one that is visible to some roles is to all others as if it were not there. */
export class SeenApis {
  /** The roles of who asks; absent: all APIs are theirs to see. */
  @IsOptional() @IsArray() @IsString({ each: true }) seenWith?: string[];
}

/** Of one API version. */
export const MOST_RESOURCES = 500;

/** One verb and URI template of an API. */
export class ApiResource {
  @IsIn(VERBS) verb: Verb;
  /** RFC 6570 level 1: `/orders/{id}`; a `*` at its end stands for any rest. */
  @IsString() @MaxLength(300) template: string;
  @IsIn(AUTHENTICATIONS) authentication: Authentication;
  /** Any one of them suffices; none: no scope is needed. */
  @IsArray() @ArrayUnique() @ArrayMaxSize(20) @Matches(SCOPE_TOKEN, { each: true }) scopes: string[];
  /** The name of a plan for this resource alone. */
  @IsOptional() @Matches(API_NAME) plan?: string;
}

/** What browsers are told of an API; absent: nothing, so that they refuse. */
export class CorsSettings {
  /** Origins as browsers send them, or `*` alone. */
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @Matches(/^(\*|https?:\/\/[^/\s?#@]{1,255})$/, { each: true })
  allowOrigins: string[];
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @Matches(/^[\w!#$%&'*+.^`|~-]{1,100}$/, { each: true })
  allowHeaders: string[];
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(50)
  @Matches(/^[\w!#$%&'*+.^`|~-]{1,100}$/, { each: true })
  exposeHeaders: string[];
  @IsBoolean() allowCredentials: boolean;
  /** Seconds. */
  @IsInt() @Min(0) @Max(86400) maxAge: number;
}

/** Where an API's requests go, by the kind of the consumer key; absent: keys of that kind are refused. */
export class Upstreams {
  @IsOptional() @IsString() @MaxLength(500) production?: string;
  @IsOptional() @IsString() @MaxLength(500) sandbox?: string;
}

/**
 * What gateway and token service hold of one API version. It is served at `context` + `/` + `version`, the default version
 * at `context` as well; of all that match a request, the longest is meant.
 */
export class ApiRoute {
  id: string;
  organizationId: string;
  name: string;
  version: string;
  /** `/pizza`: without organization and version. */
  context: string;
  /** The version meant when a request names none; one at most of those with the same name. */
  isDefault: boolean;
  state: ApiState;
  visibility: Visibility;
  upstreams: Upstreams;
  /** No two of one verb have the same template but for the names of its variables. */
  resources: ApiResource[];
  cors?: CorsSettings;
  /** Whether upstreams get a signed `X-JWT-Assertion`. */
  backendToken: boolean;
  /** What it says of the user besides the name: claims of the profile, and `roles`; absent: nothing. */
  backendClaims?: BackendClaim[];
  /** What opens it; absent: either. */
  accepts?: Credential;
  /** Without it, every application of the organization may call. */
  subscriptionRequired: boolean;
  /** The name of a plan for the API as a whole: it takes the place of those of its resources. */
  plan?: string;
  /** The name of a plan for each of its two upstreams: what these can bear, whoever calls. */
  upstreamPlan?: string;
}

/** Every version of every API: which paths there are, and what they need. */
export const apis = feed<ApiRoute>('catalog.apis');

/** An API version as its publishers see it. */
export class Api extends ApiRoute {
  description: string;
  /** The roles that see it, when `visibility` is `roles`. */
  visibleTo: string[];
  /** Whether a subscription waits for approval. */
  approvalRequired: boolean;
  createdAt: string;
  updatedAt: string;
}

class ApiSettings extends SeenApis {
  @IsOptional() @IsString() @MaxLength(2000) description?: string;
  /** `true` takes it from the version that was the default. */
  @IsOptional() @IsBoolean() isDefault?: boolean;
  @IsOptional() @IsIn(VISIBILITIES) visibility?: Visibility;
  @IsOptional() @IsArray() @ArrayMaxSize(50) @ArrayUnique() @Matches(ROLE, { each: true }) visibleTo?: string[];
  @IsOptional() @Nested(() => Upstreams) upstreams?: Upstreams;
  @IsOptional()
  @IsArray()
  @ArrayMaxSize(MOST_RESOURCES)
  @Nested(() => ApiResource, { each: true })
  resources?: ApiResource[];
  /** `null` takes it away. */
  @IsNullable() @Nested(() => CorsSettings) cors?: CorsSettings | null;
  @IsOptional() @IsBoolean() backendToken?: boolean;
  @IsOptional() @IsBoolean() subscriptionRequired?: boolean;
  @IsOptional() @IsBoolean() approvalRequired?: boolean;
  /** `null` takes it away. */
  @IsNullable() @Matches(API_NAME) plan?: string | null;
  /** `null` takes it away. */
  @IsNullable() @Matches(API_NAME) upstreamPlan?: string | null;
  /** `null`: either. */
  @IsNullable() @IsIn(CREDENTIALS) accepts?: Credential | null;
  /** `null`, as an empty list: nothing. */
  @IsNullable() @IsArray() @ArrayUnique() @IsIn(BACKEND_CLAIMS, { each: true }) backendClaims?: BackendClaim[] | null;
}

export class CreateApi extends ApiSettings {
  @IsUUID() organizationId: string;
  @Matches(API_NAME, { message: 'name must be letters, digits, blanks, dots, hyphens and underscores' }) name: string;
  @Matches(API_VERSION, { message: 'version must be letters, digits, dots, hyphens and underscores' }) version: string;
  @IsString() @MaxLength(200) context: string;
}

/** Makes an API of an OpenAPI 3 document, or one more version of it; what is given here goes before what that says. */
export class ImportApi extends SeenApis {
  @IsUUID() organizationId: string;
  /** JSON or YAML, 512 KiB at most. What it refers to outside of itself is not fetched. */
  @IsString() @MinLength(1) @MaxLength(524288) definition: string;
  @IsOptional() @Matches(API_NAME) name?: string;
  @IsOptional() @Matches(API_VERSION) version?: string;
  @IsOptional() @IsString() @MaxLength(200) context?: string;
  @IsOptional() @Nested(() => Upstreams) upstreams?: Upstreams;
  /** Puts resources and description in the place of those that the version has; everything else of it stays. */
  @IsOptional() @IsBoolean() replace?: boolean;
}

export class ListApis extends PageRequest {
  @IsUUID() organizationId: string;
  /** As of `SeenApis`. */
  @IsOptional() @IsArray() @IsString({ each: true }) seenWith?: string[];
}

/** A version by its id, by `name:version`, or, where it is the default or the only one, by the API's name. */
export class NameApi extends SeenApis {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(131) api: string;
}

/** Changes what is present. Name, version and context never change. */
export class UpdateApi extends ApiSettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(131) api: string;
}

export class CopyApi extends NameApi {
  @Matches(API_VERSION) version: string;
}

export class ChangeApiState extends NameApi {
  @IsIn(API_STATES) state: ApiState;
}

export class ApiPage extends Page<Api> {}

/**
 * Errors of these two: `conflict` when name and version, or the paths, are taken; `invalid_request` for a context that
 * Keyward serves itself, for scopes and plans that are not there, and for documents that are no OpenAPI 3.
 */
export const createApi = rpc('catalog.api.create', CreateApi, Api);
/** Scopes that are not there are made. */
export const importApi = rpc('catalog.api.import', ImportApi, Api);
export const listApis = rpc('catalog.api.list', ListApis, ApiPage, { repeatable: true });
/** Errors of these: `not_found`; of an update that takes the default from a version that is not seen, `conflict`. */
export const findApi = rpc('catalog.api.find', NameApi, Api, { repeatable: true });
export const updateApi = rpc('catalog.api.update', UpdateApi, Api, { repeatable: true });
/** One more version with everything that this one has, not yet published. Errors: `conflict`. */
export const copyApi = rpc('catalog.api.copy', CopyApi, Api);
/** Errors: `invalid_request` where the life cycle has no such step. */
export const changeApiState = rpc('catalog.api.change-state', ChangeApiState, Api, { repeatable: true });
/** Errors: `conflict` while applications subscribe to it, unless it has retired: then their subscriptions go with it. */
export const deleteApi = rpc('catalog.api.delete', NameApi, Empty);
