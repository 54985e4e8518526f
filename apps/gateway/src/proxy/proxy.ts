import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Call } from '@keyward/bus';
import { ROOT_ORGANIZATION, ServiceError, type Organization } from '@keyward/contracts';
import type { Organizations, Revocations } from '@keyward/runtime';
import type { Agent } from 'undici';
import { bearerOf } from './bearer';
import { Circuits } from './circuits';
import { corsHeaders, isPreflight, preflightHeaders } from './cors';
import { enforce, upstreamFor, type Passed } from './enforcement';
import { bodyOf, Fault, headersOf } from './fault';
import { forward, hasBody, type Meter } from './forward';
import type { Knowledge } from './knowledge';
import type { Resource } from './matcher';
import { canonicalTarget } from './path';
import { isLooping, requestHeaders } from './request-headers';
import { methodsOf, resourceOf, type Found } from './route-table';
import { rateLimitHeaders } from './throttling/exhausted';
import { isByBytes, type Lease } from './throttling/lease';
import type { Throttling } from './throttling/throttling';
import type { AccessTokens } from './tokens/access-tokens';

/** What the proxy works with. */
export interface ProxyParts {
  known: Knowledge;
  organizations: Organizations;
  tokens: AccessTokens;
  revocations: Pick<Revocations, 'isRevoked'>;
  throttling: Pick<Throttling, 'take' | 'charge'>;
  agent: Agent;
  /** Host and port that clients know the gateway by. */
  host: string;
}

/** What the server knows of a request besides the request itself. */
export interface Visit {
  address: string;
  traceparent: string;
  /** Headers that every answer has. */
  own: OutgoingHttpHeaders;
  call: () => Call;
}

/** An API that a request asks for. */
export interface Located extends Found {
  organization: Organization;
  query: string;
}

/** A request that may pass; `passed` is absent where no token is needed. */
export interface Admitted extends Located {
  resource: Resource;
  passed?: Passed;
}

/** Guards the APIs: who may pass goes on to the upstream, all others get a fault. */
export class Proxy {
  private readonly circuits = new Circuits();

  constructor(private readonly parts: ProxyParts) {}

  /** Answers a request to an API. */
  async serve(request: IncomingMessage, response: ServerResponse, located: Located, visit: Visit): Promise<void> {
    const own = { ...visit.own, ...corsHeaders(located.api, request) };
    try {
      const answered = this.answerOptions(request, located);
      if (answered) {
        response.writeHead(200, { ...visit.own, ...answered, 'content-length': '0' }).end();
        return;
      }
      const admitted = await this.admit(request, located, visit);
      const meter = { bytes: 0 };
      const asked = this.parts.throttling.take(admitted);
      const leases = asked instanceof Promise ? await asked : asked;
      if (leases) {
        Object.assign(own, rateLimitHeaders(leases, performance.now()));
        if (leases.some(isByBytes)) this.chargeLater(request, response, leases, meter);
      }
      await this.send(request, response, admitted, visit, own, meter);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      refuse(request, response, fault, own);
    }
  }

  /** The API that a request is for. Throws the fault of one that is for none. */
  locate({ url = '' }: IncomingMessage): Located {
    const { known, organizations } = this.parts;
    known.assertKnown();
    const target = canonicalTarget(url);
    if (!target) throw new Fault('malformedTarget');
    const [organization, path] = this.organizationOf(target.path, organizations);
    const found = organization && known.routes.find(organization.id, path);
    if (!found || !organization) throw new Fault('unknownApi');
    return { ...found, organization, query: target.query };
  }

  /** Says whether a request may pass. Path and method come first: what there is nothing for is not asked for a token. */
  async admit(request: IncomingMessage, located: Located, { address, call }: Visit): Promise<Admitted> {
    const { api, rest, organization } = located;
    const { known, organizations, tokens, revocations } = this.parts;
    if (api.state === 'BLOCKED') throw new Fault('apiBlocked');
    const denied = known.denials.of(organization.id);
    if (denied && (denied.isAddress(address) || denied.isApi(api.id))) throw new Fault('denied');
    const resource = resourceOf(api, request.method ?? '', rest);
    if (!resource) throw nothingFor(located);
    if (resource.authentication === 'none') return { ...located, resource };
    const token = bearerOf(request);
    if (token === undefined) throw new Fault('missingCredentials');
    const asked = tokens.grantOf(token, organization, call);
    const grant = asked instanceof Promise ? await asked : asked;
    // The user's organization may be another one than the API's, and be suspended.
    const home = grant && organizations.activeByKey(grant.org);
    if (!grant || !home || revocations.isRevoked(grant.claims, organization.id, home.id))
      throw new Fault('invalidCredentials');
    const { client_id: clientId } = grant.claims;
    const client = known.client(clientId) ?? (await known.clientNow(clientId));
    const passed = enforce(api, resource, grant, client, known);
    if (denied?.isCaller(passed.client.applicationId, passed.subject)) throw new Fault('denied');
    return { ...located, resource, passed };
  }

  private async send(
    request: IncomingMessage,
    response: ServerResponse,
    { api, rest, query, passed }: Admitted,
    { address, traceparent }: Visit,
    own: OutgoingHttpHeaders,
    meter: Meter,
  ): Promise<void> {
    if (isLooping(request)) throw new Fault('loop');
    const upstream = passed?.upstream ?? upstreamFor(api, api.upstreams.production ? 'production' : 'sandbox');
    const authenticated = passed !== undefined;
    const { origin } = upstream;
    this.circuits.enter(origin);
    try {
      await forward(this.parts.agent, request, response, {
        origin,
        path: `${upstream.base}${rest}${query}`.replace(/^(?!\/)/, '/'),
        headers: requestHeaders(request, { address, host: this.parts.host, traceparent, authenticated }),
        authenticated,
        own,
        meter,
      });
      this.circuits.left(origin, undefined);
    } catch (error) {
      this.circuits.left(origin, faultOf(error));
      throw error;
    }
  }

  /** Bandwidth is both bodies. Of one without a length, what its connection has read since. */
  private chargeLater(request: IncomingMessage, response: ServerResponse, leases: Lease[], meter: Meter): void {
    const { socket, headers } = request;
    const before = socket.bytesRead;
    response.once('close', () => {
      const length = headers['transfer-encoding'] === undefined ? (headers['content-length'] ?? 0) : undefined;
      this.parts.throttling.charge(leases, meter.bytes + Number(length ?? socket.bytesRead - before));
    });
  }

  /** `OPTIONS` that the API does not list: for browsers, and for whoever asks what there is. Needs no token. */
  private answerOptions(request: IncomingMessage, located: Located): OutgoingHttpHeaders | undefined {
    const { api, rest } = located;
    if (request.method !== 'OPTIONS' || api.state === 'BLOCKED' || resourceOf(api, 'OPTIONS', rest)) return undefined;
    const methods = [...methodsOf(api, rest), 'OPTIONS'];
    if (methods.length === 1) throw new Fault('unknownResource');
    return isPreflight(request) ? preflightHeaders(api, request, methods) : { allow: methods.join(', ') };
  }

  /** The root's contexts begin the path, all others follow `/t/<orgkey>`, which has one spelling. */
  private organizationOf(path: string, organizations: Organizations): [Organization | undefined, string] {
    if (!path.startsWith('/t/')) return [organizations.active(ROOT_ORGANIZATION.id), path];
    const end = path.indexOf('/', 3);
    const key = path.slice(3, end < 0 ? undefined : end);
    return [key === ROOT_ORGANIZATION.key ? undefined : organizations.activeByKey(key), end < 0 ? '' : path.slice(end)];
  }
}

function nothingFor({ api, rest }: Located): Fault {
  const methods = methodsOf(api, rest);
  return methods.length === 0
    ? new Fault('unknownResource')
    : new Fault('wrongMethod', { allow: [...methods, 'OPTIONS'].join(', ') });
}

/** The fault that an error is; `undefined` for one that was not foreseen. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof ServiceError && error.code === 'temporarily_unavailable') return new Fault('unavailable');
  return undefined;
}

/** A body that is left unread is not waited for: it may be endless. */
const UNREAD_BYTES = 64 * 1024;

/** Answers with a fault, as long as nothing has been answered. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
  own: OutgoingHttpHeaders,
): void {
  if (response.headersSent || response.destroyed) {
    response.destroy();
    return;
  }
  const body = bodyOf(fault);
  const length = Number(request.headers['content-length'] ?? Infinity);
  const isUnread = hasBody(request) && !request.complete && !(length <= UNREAD_BYTES);
  response
    .writeHead(fault.reason.status, {
      ...own,
      'cache-control': 'no-store',
      pragma: 'no-cache',
      ...headersOf(fault),
      'content-length': Buffer.byteLength(body),
      ...(isUnread && { connection: 'close' }),
    })
    .end(request.method === 'HEAD' ? undefined : body);
}
