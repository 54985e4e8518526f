import type { OutgoingHttpHeaders } from 'node:http';
import { Fault } from './fault';

type Headers = Record<string, string | string[] | undefined>;

/**
 * What an upstream's answer may not say here: what belongs to its own connection, and what would change something for the
 * whole origin of the gateway, which is also that of other APIs and of the sign-in pages.
 */
const DROPPED = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authentication-info', 'te'],
  ...['trailer', 'transfer-encoding', 'upgrade', 'http2-settings'],
  ...['set-cookie', 'set-cookie2', 'strict-transport-security', 'public-key-pins', 'public-key-pins-report-only'],
  ...[
    'clear-site-data',
    'service-worker-allowed',
    'alt-svc',
    'nel',
    'report-to',
    'reporting-endpoints',
    'origin-agent-cluster',
  ],
  ...['access-control-allow-origin', 'access-control-allow-credentials', 'access-control-allow-methods'],
  ...['access-control-allow-headers', 'access-control-expose-headers', 'access-control-max-age'],
  ...['x-correlation-id', 'x-content-type-options', 'access-control-allow-private-network'],
  // Of proofs that are the gateway's to judge.
  'dpop-nonce',
]);

// What Node sends once alone by HTTP/2, by what it means when it is there twice.
/** Lists (RFC 9110 §8.4, §8.5), of which several are one (§5.3). */
const LISTS = new Set(['content-encoding', 'content-language']);
/** Times, of which the first is as good as any (RFC 9111 §4.2.1, §5.1). */
const TIMES = new Set(['age', 'date', 'expires', 'retry-after']);
/** What is said once or means nothing certain (RFC 9110 §5.3). */
const SINGLE = new Set([
  ...['content-length', 'content-location', 'content-md5', 'content-range', 'content-type', 'etag', 'last-modified'],
  ...['location', 'max-forwards', 'range', 'referer', 'tk', 'user-agent', 'x-content-type-options'],
]);

/**
 * The headers of an upstream's answer as the client gets them, under the gateway's own. Throws the fault of an answer that says
 * two things where one is meant.
 */
export function responseHeaders(
  status: number,
  upstream: Headers,
  own: OutgoingHttpHeaders,
  authenticated: boolean,
): OutgoingHttpHeaders {
  const all: OutgoingHttpHeaders = {};
  const dropped = namesIn(upstream['connection']);
  for (const name in upstream) {
    const value = upstream[name];
    if (value === undefined || DROPPED.has(name) || dropped?.has(name)) continue;
    all[name] = typeof value === 'string' ? value : several(name, value);
  }
  // RFC 9110 §8.6.
  if (status === 204) delete all['content-length'];
  if (authenticated) all['cache-control'] = privately(upstream['cache-control']);
  // A page of an upstream gets an origin of its own: no script of it runs on the gateway's (DESIGN.md).
  const policies = upstream['content-security-policy'];
  all['content-security-policy'] = policies === undefined ? 'sandbox' : [policies, 'sandbox'].flat().join(', ');
  const vary = own['vary'] === undefined ? undefined : [all['vary'] ?? [], own['vary']].flat().join(', ');
  Object.assign(all, own);
  if (vary !== undefined) all['vary'] = vary;
  return all;
}

function several(name: string, values: string[]): string | string[] {
  if (LISTS.has(name)) return values.join(', ');
  const [first = '', ...others] = values;
  if (TIMES.has(name)) return first;
  if (!SINGLE.has(name)) return values;
  if (others.some((other) => other !== first)) throw new Fault('protocolViolated');
  return first;
}

/** RS-08: no cache that others share keeps what was answered to a token. */
function privately(value: string | string[] | undefined): string {
  if (value === undefined) return 'private';
  const directives = [value]
    .flat()
    .join(',')
    .split(',')
    .map((directive) => directive.trim())
    .filter((directive) => directive !== '' && !/^(?:public|s-maxage\b.*)$/i.test(directive));
  return directives.some((directive) => /^(?:private|no-store)$/i.test(directive))
    ? directives.join(', ')
    : ['private', ...directives].join(', ');
}

/** The headers that belong to a connection by its own words; most name none. */
function namesIn(connection: string | string[] | undefined): Set<string> | undefined {
  if (connection === undefined || connection === 'keep-alive' || connection === 'close') return undefined;
  const names = [connection].flat().join(',').split(',');
  return new Set(names.map((name) => name.trim().toLowerCase()));
}
