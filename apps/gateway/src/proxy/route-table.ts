import {
  ROOT_ORGANIZATION,
  type ApiResource,
  type ApiRoute,
  type BackendClaim,
  type CorsSettings,
  type Credential,
} from '@keyward/contracts';
import { Matcher, withoutSlash, type Resource } from './matcher';
import { canonicalPath } from './path';
import { upstreamOf, type Upstream } from './upstream';

/** One API version as requests need it. */
export interface Api {
  readonly id: string;
  readonly organizationId: string;
  readonly name: string;
  readonly version: string;
  readonly context: string;
  readonly state: 'PUBLISHED' | 'DEPRECATED' | 'BLOCKED';
  readonly subscriptionRequired: boolean;
  readonly backendToken: boolean;
  readonly backendClaims?: readonly BackendClaim[];
  readonly accepts?: Credential;
  readonly plan?: string;
  readonly upstreamPlan?: string;
  readonly cors?: CorsSettings;
  readonly upstreams: { readonly production?: Upstream; readonly sandbox?: Upstream };
  /** The resources of each verb. */
  readonly verbs: readonly Matcher[];
}

/** An API and what is left of the path after its context and version. */
export interface Found {
  api: Api;
  /** Empty, or from a slash on. */
  rest: string;
}

/** Every API that is served: by organization, then by the beginning of the path. */
export class RouteTable {
  private readonly byId = new Map<string, Api & { bases: string[] }>();
  private readonly byOrganization = new Map<string, Map<string, Api>>();

  get size(): number {
    return this.byId.size;
  }

  /** Takes a record's newest state; `null` when it is gone. */
  apply(id: string, route: ApiRoute | null): void {
    const before = this.byId.get(id);
    if (before) this.remove(before);
    const api = route && compile(route);
    if (!api) return;
    this.byId.set(api.id, api);
    const served = this.byOrganization.get(api.organizationId) ?? new Map<string, Api>();
    this.byOrganization.set(api.organizationId, served);
    for (const base of api.bases) served.set(base, api);
  }

  clear(): void {
    this.byId.clear();
    this.byOrganization.clear();
  }

  /** The API of a canonical path without `/t/<orgkey>`; of several that begin it, the longest. */
  find(organizationId: string, path: string): Found | undefined {
    const served = this.byOrganization.get(organizationId);
    if (!served) return undefined;
    let found: Found | undefined;
    for (let end = path.indexOf('/', 1); ; end = path.indexOf('/', end + 1)) {
      const base = end < 0 ? path : path.slice(0, end);
      const api = served.get(base);
      if (api) found = { api, rest: path.slice(base.length) };
      if (end < 0) return found;
    }
  }

  private remove(api: Api & { bases: string[] }): void {
    this.byId.delete(api.id);
    const served = this.byOrganization.get(api.organizationId);
    // Another version may have become the default one meanwhile.
    for (const base of api.bases) if (served?.get(base)?.id === api.id) served.delete(base);
    if (served?.size === 0) this.byOrganization.delete(api.organizationId);
  }
}

/** The resource of a method and a rest; a `HEAD` that is not listed is answered as its `GET` (RFC 9110 §9.3.2). */
export function resourceOf({ verbs }: Api, method: string, rest: string): Resource | undefined {
  const path = withoutSlash(rest);
  return ofVerb(verbs, method)?.match(path) ?? (method === 'HEAD' ? ofVerb(verbs, 'GET')?.match(path) : undefined);
}

/** The methods that a path of an API may be asked with, `OPTIONS` aside; none: it has no such path. */
export function methodsOf({ verbs }: Api, rest: string): string[] {
  const path = withoutSlash(rest);
  const listed: string[] = verbs.filter((matcher) => matcher.match(path)).map(({ verb }) => verb);
  return listed.includes('GET') && !listed.includes('HEAD') ? [...listed, 'HEAD'] : listed;
}

const ofVerb = (verbs: readonly Matcher[], verb: string): Matcher | undefined =>
  verbs.find((matcher) => matcher.verb === verb);

/** What is not served is as if it were not there: an API before its publication, a retired one, what cannot be read. */
function compile(route: ApiRoute): (Api & { bases: string[] }) | undefined {
  const { state, context, version, isDefault, upstreams } = route;
  const base = withoutSlash(canonicalPath(context) ?? '');
  const versioned = canonicalPath(`${base}/${version}`);
  if (!base || !versioned || state === 'CREATED' || state === 'RETIRED' || isOwn(route.organizationId, base))
    return undefined;
  const { id, organizationId, name, subscriptionRequired, backendToken, cors } = route;
  const { plan, upstreamPlan, accepts, backendClaims } = route;
  // Written out, for of a spread object V8 keeps a shape of its own, larger than the object.
  return {
    id,
    organizationId,
    name,
    version,
    context: base,
    state,
    subscriptionRequired,
    backendToken,
    backendClaims,
    cors,
    accepts,
    plan,
    upstreamPlan,
    verbs: matchersOf(route.resources),
    bases: isDefault ? [versioned, base] : [versioned],
    upstreams: {
      production: upstreamOf(upstreams.production, route),
      sandbox: upstreamOf(upstreams.sandbox, route),
    },
  };
}

function matchersOf(resources: readonly ApiResource[]): Matcher[] {
  const verbs = [...new Set(resources.map(({ verb }) => verb))];
  return verbs.map((verb) => {
    const matcher = new Matcher(verb);
    for (const resource of resources) if (resource.verb === verb) matcher.add(resource);
    return matcher;
  });
}

/** At the root other organizations and Keyward's own paths have their place. */
const OWN = new Set(['t', 'api', 'oauth2', 'health', '.well-known']);
const isOwn = (organizationId: string, base: string): boolean =>
  organizationId === ROOT_ORGANIZATION.id && OWN.has(base.split('/')[1] ?? '');
