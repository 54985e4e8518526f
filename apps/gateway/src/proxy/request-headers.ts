import type { IncomingMessage } from 'node:http';

/** RFC 9110 §7.6.1, and what the connection to the upstream has of its own. */
const HOP_BY_HOP = new Set([
  ...['connection', 'keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'te', 'trailer'],
  ...['transfer-encoding', 'upgrade', 'http2-settings', 'host', 'expect', 'content-length', 'via', 'traceparent'],
  'dpop', // Of use to the gateway alone, whose URL is in it.
]);

/** Only letters, digits and hyphens: `_` and `.` are hyphens to many servers, which would read `x_user` as `X-User`. */
const PLAIN_NAME = /^[a-z\d-]+$/;

/**
 * Names that say who asks, whatever stands around these words: every proxy has a spelling of its own for it (RS-06, abuse 44).
 * Words that mean other things as well count only where they stand alone.
 */
const IDENTITY = new RegExp(
  [
    'user|auth(?!ors?(?:-|$))|identity|principal|subject|tenant|consumer|subscriber|credential|anonymous|impersonat',
    'jwt|assertion|oidc|openid|saml|login|account|e-?mail|forwarded|override|client-?(?:id|ip|cert|dn)',
    '(?:^|-)(?:sso|roles?|groups?|scopes?|claims?|permissions?|remote)(?:-|$)',
  ].join('|'),
);

/** A browser's own words (Fetch §2.2.2: no script sets them), and what names a program, not its user. */
const OF_PROGRAMS = /^sec-.*|user-?agent/;

/**
 * What else upstreams are used to be told by a proxy they trust: who the user is, how the request came, and which method or
 * path is meant in place of the one that was checked. A client may say none of it (RS-05, RS-06, abuse 44).
 */
const SPOOFED = new RegExp(
  '^(?:' +
    [
      'x-(?:auth|authenticated|authorization|authz)(?:-.*)?',
      'x-(?:user|username|userid|userinfo|uid|sub|subject|principal|identity|account|login|email|groups?|roles?)(?:-.*)?',
      'x-(?:tenant|tenantid|org|organi[sz]ation|consumer|credential|client|application|app|subscriber|scopes?)(?:-.*)?',
      'x-(?:id|access|jwt|token|session|claims?|oidc|saml|wso2|wso2-.*|keyward|keyward-.*|apim|apim-.*)(?:-.*)?',
      'x-(?:remote|real|original|rewrite|forwarded|envoy|amzn-oidc|amzn-mtls|goog|ms-client-principal|ms-token|ssl|tls)(?:-.*)?',
      'x-(?:http-method.*|method.*|on-behalf-of|host|ip|middleware|invoke|appengine|originating)(?:-.*)?',
      '(?:remote|auth|ssl|tls|client-cert|impersonate|cf-access|cf-connecting|true-client|fastly-client)(?:-.*)?',
      'forwarded|internal-key|apikey|activityid',
    ].join('|') +
    ')$',
);

/** Cookies of Keyward's own pages, which no upstream may see. */
const OWN_COOKIE = /^\s*(?:__host-|__secure-)?keyward/i;

/** What the gateway says to an upstream by itself. */
export interface Said {
  address: string;
  host: string;
  traceparent: string;
  /** Whether credentials in `Authorization` were for the gateway. */
  authenticated: boolean;
  assertion?: string;
}

/** The headers of a request as its upstream gets them: names and values in turn. */
export function requestHeaders({ headers }: IncomingMessage, said: Said): string[] {
  const dropped = listed(headers.connection);
  const all: string[] = [];
  for (const name in headers) {
    const value = headers[name];
    if (value === undefined || HOP_BY_HOP.has(name) || dropped?.has(name)) continue;
    if (name === 'authorization' ? isForGateway(String(value), said) : !isForwarded(name)) continue;
    if (name === 'cookie') {
      const cookies = withoutOwnCookies(String(value));
      if (cookies) all.push(name, cookies);
    } else if (typeof value === 'string') all.push(name, value);
    else for (const each of value) all.push(name, each);
  }
  const { 'content-length': length } = headers;
  if (length !== undefined) all.push('content-length', length);
  all.push('x-forwarded-for', said.address, 'x-forwarded-proto', 'https', 'x-forwarded-host', said.host);
  all.push('traceparent', said.traceparent, 'via', headers.via ? `${headers.via}, ${VIA}` : VIA);
  if (said.assertion !== undefined) all.push('x-jwt-assertion', said.assertion);
  return all;
}

/** RFC 9110 §7.6.3. */
const VIA = '1.1 keyward';
const MOST_PASSES = 5;

/** Whether a request has been here too often: an API whose upstream leads back to it. */
export const isLooping = ({ headers: { via } }: IncomingMessage): boolean =>
  via !== undefined && via.split(VIA).length > MOST_PASSES;

/** The names are few and repeat, what clients make up besides is bounded. */
const verdicts = new Map<string, boolean>();
const MOST_VERDICTS = 1000;

function isForwarded(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const said = name.replace(OF_PROGRAMS, '');
  const verdict = PLAIN_NAME.test(name) && !IDENTITY.test(said) && !SPOOFED.test(said);
  if (verdicts.size < MOST_VERDICTS) verdicts.set(name, verdict);
  return verdict;
}

/** An access token never goes on: whoever gets it could use it elsewhere. Where none is needed, other schemes do. */
const isForGateway = (authorization: string, { authenticated }: Said): boolean =>
  authenticated || /^(?:bearer|dpop)/i.test(authorization);

const listed = (connection: string | undefined): Set<string> | undefined =>
  connection === undefined || connection === 'keep-alive' || connection === 'close'
    ? undefined
    : new Set(connection.split(',').map((name) => name.trim().toLowerCase()));

function withoutOwnCookies(cookie: string): string {
  if (!/keyward/i.test(cookie)) return cookie;
  return cookie
    .split(';')
    .filter((one) => !OWN_COOKIE.test(one))
    .join(';')
    .trim();
}
