import { feed } from './feed';

/** What a resource may be asked with; the gateway answers a `HEAD` or an `OPTIONS` that is not listed by its own rules. */
export const VERBS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const;
export type Verb = (typeof VERBS)[number];

/** The life cycle of an API version: who may call it, and what it may become. */
export const API_STATES = ['CREATED', 'PUBLISHED', 'DEPRECATED', 'BLOCKED', 'RETIRED'] as const;
export type ApiState = (typeof API_STATES)[number];

/** Whose tokens a resource takes: any, an application's own, a user's, or none at all. */
export const AUTHENTICATIONS = ['any', 'application', 'user', 'none'] as const;
export type Authentication = (typeof AUTHENTICATIONS)[number];

/** One verb and URI template of an API. */
export class ApiResource {
  verb: Verb;
  /** RFC 6570 level 1: `/orders/{id}`; a `*` at its end stands for any rest. */
  template: string;
  authentication: Authentication;
  /** Any one of them suffices; none: no scope is needed. */
  scopes: string[];
  /** The name of a plan for this resource alone. */
  plan?: string;
}

/** What browsers are told of an API; absent: nothing, so that they refuse. */
export class CorsSettings {
  /** Origins as browsers send them, or `*` alone. */
  allowOrigins: string[];
  allowHeaders: string[];
  exposeHeaders: string[];
  allowCredentials: boolean;
  /** Seconds. */
  maxAge: number;
}

/** Where an API's requests go, by the kind of the consumer key; absent: keys of that kind are refused. */
export class Upstreams {
  production?: string;
  sandbox?: string;
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
  visibility: 'public' | 'organization' | 'roles';
  upstreams: Upstreams;
  /** No two of one verb have the same template but for the names of its variables. */
  resources: ApiResource[];
  cors?: CorsSettings;
  /** Whether upstreams get a signed `X-JWT-Assertion`. */
  backendToken: boolean;
  /** Without it, every application of the organization may call. */
  subscriptionRequired: boolean;
  /** The name of a plan for the API as a whole: it takes the place of those of its resources. */
  plan?: string;
}

/** Every version of every API: which paths there are, and what they need. */
export const apis = feed<ApiRoute>('catalog.apis');
