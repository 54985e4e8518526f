import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { ROOT_ORGANIZATION, type Organization } from '@keyward/contracts';
import type { Organizations } from '@keyward/runtime';
import { upgradeOf, type Upgrade } from '../http/upgrades';
import { apiKeyOf, bearerOf, dpopTokenOf } from './bearer';
import { Circuits } from './circuits';
import { corsHeaders, nonceHeaders } from './cors';
import { enforce, upstreamFor, type Passed } from './enforcement';
import { DPOP_NONCE, Fault } from './fault';
import { forward, type Meter } from './forward';
import type { Resource } from './matcher';
import { answerOptions, nothingFor } from './methods';
import { canonicalTarget } from './path';
import type { ProxyParts } from './proxy-parts';
import { faultOf, refuse } from './refuse';
import { isLooping, requestHeaders } from './request-headers';
import { resourceOf } from './route-table';
import type { Denied } from './throttling/denials';
import { rateLimitHeaders } from './throttling/exhausted';
import { isByBytes, type Lease } from './throttling/lease';
import { hasEnded } from './tokens/grant';
import type { Admitted, Located, Outgoing, Seen, Visit } from './visit';
import { WebSockets } from './websockets';

/** Guards the APIs: who may pass goes on to the upstream, all others get a fault. */
export class Proxy {
  private readonly circuits = new Circuits();
  private readonly webSockets = new WebSockets();

  constructor(private readonly parts: ProxyParts) {}

  /** Answers a request to an API. */
  async serve(request: IncomingMessage, response: ServerResponse, located: Located, visit: Visit): Promise<void> {
    // Added to, never spread: V8 makes a dictionary of a spread object that grows, which costs some 3 µs.
    const own = Object.assign(visit.own(), corsHeaders(located.api, request));
    const seen: Seen = { startedAt: performance.now(), bytes: 0 };
    response.once('close', () => this.count(located, response, seen));
    try {
      if (request.method === 'OPTIONS') this.assertNotDenied(located, visit);
      const answered = answerOptions(request, located);
      if (answered) {
        response.writeHead(200, { ...visit.own(), ...answered, 'content-length': '0' }).end();
        return;
      }
      const admitted = await this.admit(request, located, visit, seen);
      if (seen.nonce !== undefined) Object.assign(own, nonceHeaders(own, seen.nonce));
      const asked = this.parts.throttling.take(admitted, visit.address);
      const leases = asked instanceof Promise ? await asked : asked;
      if (leases) {
        Object.assign(own, rateLimitHeaders(leases, performance.now()));
        if (leases.some(isByBytes)) this.chargeLater(response, leases, seen);
      }
      const upgrade = upgradeOf(request);
      if (upgrade) await this.join(request, response, upgrade, admitted, visit, own, seen, leases);
      else await this.send(request, response, admitted, visit, own, seen);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) throw error;
      const nonce = fault.headers[DPOP_NONCE];
      if (nonce !== undefined) Object.assign(own, nonceHeaders(own, nonce));
      refuse(request, response, fault, own, located.organization.compatibilityProfile);
    }
  }

  /** Ends what would keep a gateway that stops. */
  closeWebSockets(): void {
    this.webSockets.close();
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
    return { api: found.api, rest: found.rest, organization, query: target.query };
  }

  /** Says whether a request may pass, and who asks. Path and method come first: what there is nothing for is not asked for a token. */
  async admit(request: IncomingMessage, located: Located, visit: Visit, seen?: Seen): Promise<Admitted> {
    const { api, rest, organization, query } = located;
    if (api.state === 'BLOCKED') throw new Fault('apiBlocked');
    const denied = this.assertNotDenied(located, visit);
    const resource = resourceOf(api, request.method ?? '', rest);
    if (!resource) throw nothingFor(located);
    if (seen) seen.resource = resource;
    if (resource.authentication === 'none') return { api, rest, organization, query, resource };
    const passed = await this.identify(request, located, resource, visit, seen);
    if (denied?.isCaller(passed.client.applicationId, passed.subject)) throw new Fault('denied');
    return { api, rest, organization, query, resource, passed };
  }

  /** Before anything is said of what there is: of all calls, those for what needs no token too. */
  private assertNotDenied({ api, organization }: Located, { address }: Visit): Denied | undefined {
    const denied = this.parts.known.denials.of(organization.id);
    if (denied && (denied.isAddress(address) || denied.isApi(api.id))) throw new Fault('denied');
    return denied;
  }

  /** Whom the credentials of a request are of. Throws the fault of what opens nothing. */
  private async identify(
    request: IncomingMessage,
    { api, organization }: Located,
    resource: Resource,
    { address, call, held }: Visit,
    seen?: Seen,
  ): Promise<Passed> {
    const { known, organizations, tokens, revocations, holders } = this.parts;
    const key = apiKeyOf(request);
    if (key !== undefined) {
      if (api.accepts === 'token') throw new Fault('missingCredentials');
      const { grant, client } = known.apiKeys.grantOf(key, organization, request, address);
      if (seen) seen.applicationId = client.applicationId;
      return enforce(api, resource, grant, organization, client, known);
    }
    const bearer = bearerOf(request);
    const token = bearer ?? dpopTokenOf(request);
    if (token === undefined || api.accepts === 'api-key') throw new Fault('missingCredentials');
    const asked = tokens.grantOf(token, organization, call);
    const grant = asked instanceof Promise ? await asked : asked;
    // The user's organization may be another one than the API's, and be suspended.
    const home = grant && organizations.activeByKey(grant.org);
    if (!grant || !home || hasEnded(revocations, grant, home.id))
      throw new Fault(bearer === undefined ? 'unboundToken' : 'invalidCredentials');
    if (!held && (grant.cnf || bearer === undefined)) {
      const nonce = await holders.assertHeld(request, { token, dpop: bearer === undefined }, grant, call);
      if (seen) seen.nonce = nonce;
    }
    const { client_id: clientId } = grant.claims;
    const client = known.client(clientId) ?? (await known.clientNow(clientId));
    if (seen && client?.organizationId === organization.id) seen.applicationId = client.applicationId;
    return enforce(api, resource, grant, home, client, known);
  }

  private async send(
    request: IncomingMessage,
    response: ServerResponse,
    admitted: Admitted,
    visit: Visit,
    own: OutgoingHttpHeaders,
    meter: Meter,
  ): Promise<void> {
    const asked = this.outgoing(request, admitted, visit);
    const { origin, lane, path, headers } = asked instanceof Promise ? await asked : asked;
    const authenticated = admitted.passed !== undefined;
    await this.reaching(origin, () =>
      forward(this.parts.upstreams, request, response, { origin, lane, path, headers, authenticated, own, meter }),
    );
  }

  /** It lasts as long as its request would pass, asked again and again: a token that ends ends it. */
  private async join(
    request: IncomingMessage,
    response: ServerResponse,
    upgrade: Upgrade,
    admitted: Admitted,
    visit: Visit,
    own: OutgoingHttpHeaders,
    seen: Seen,
    leases: Lease[] = [],
  ): Promise<void> {
    const outgoing = await this.outgoing(request, admitted, visit);
    const mayStay = () =>
      Promise.resolve()
        .then(() => this.admit(request, this.locate(request), { ...visit, held: true }))
        .then(
          () => true,
          (error: unknown) => faultOf(error)?.name === 'unavailable',
        );
    const closed = () => this.count(admitted, { headersSent: true, statusCode: 101 }, seen);
    const charge = (bytes: number) => this.parts.throttling.goesOn(leases, bytes);
    const opening = { ...outgoing, own, meter: seen, mayStay, charge, closed };
    await this.reaching(outgoing.origin, () => this.webSockets.join(this.parts.upstreams, response, upgrade, opening));
  }

  /** What goes to the upstream. */
  private outgoing(request: IncomingMessage, admitted: Admitted, visit: Visit): Outgoing | Promise<Outgoing> {
    const { api, organization, rest, query, passed } = admitted;
    if (isLooping(request)) throw new Fault('loop');
    const lane = passed?.upstream ?? upstreamFor(api, api.upstreams.production ? 'production' : 'sandbox');
    const { origin, base } = lane;
    const target = `${base}${rest}${query}`;
    const path = target.startsWith('/') ? target : `/${target}`;
    const { address, traceparent, call } = visit;
    const authenticated = passed !== undefined;
    const saying = (assertion?: string): Outgoing => ({
      origin,
      lane,
      path,
      headers: requestHeaders(request, { address, host: this.parts.host, traceparent, authenticated, assertion }),
    });
    const signed = passed && api.backendToken ? this.parts.assertions.of(api, organization, passed, call) : undefined;
    return signed instanceof Promise ? signed.then(saying) : saying(signed);
  }

  private async reaching(origin: string, work: () => Promise<void>): Promise<void> {
    this.circuits.enter(origin);
    try {
      await work();
      this.circuits.left(origin, undefined);
    } catch (error) {
      this.circuits.left(origin, faultOf(error));
      throw error;
    }
  }

  /** One that the client did not wait for has the status that others write for it. */
  private count(
    { api, organization }: Located,
    { headersSent, statusCode }: Pick<ServerResponse, 'headersSent' | 'statusCode'>,
    seen: Seen,
  ): void {
    const { startedAt, bytes, resource, applicationId } = seen;
    this.parts.usage.count({
      organizationId: organization.id,
      apiId: api.id,
      applicationId,
      resource: resource ? `${resource.verb} ${resource.template}` : '',
      bytes,
      status: headersSent ? statusCode : 499,
      ms: performance.now() - startedAt,
    });
  }

  /** Bandwidth is both bodies, as far as they came: what a request announces may never follow. */
  private chargeLater(response: ServerResponse, leases: Lease[], meter: Meter): void {
    response.once('close', () => this.parts.throttling.charge(leases, meter.bytes + (meter.received ?? 0)));
  }

  /** The root's contexts begin the path, all others follow `/t/<orgkey>`, which has one spelling. */
  private organizationOf(path: string, organizations: Organizations): [Organization | undefined, string] {
    if (!path.startsWith('/t/')) return [organizations.active(ROOT_ORGANIZATION.id), path];
    const end = path.indexOf('/', 3);
    const key = path.slice(3, end < 0 ? undefined : end);
    return [key === ROOT_ORGANIZATION.key ? undefined : organizations.activeByKey(key), end < 0 ? '' : path.slice(end)];
  }
}
