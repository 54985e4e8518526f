import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** Only this host sets and gets such a cookie, over TLS (RFC 6265bis §4.1.3.2). */
const SESSION = '__Host-keyward-session-';
const CSRF = '__Host-keyward-csrf';
const FLAGS = 'Path=/; Secure; HttpOnly; SameSite=Lax';
/** More than this do not fit into the headers of a request. */
const MOST = 100;
const SESSION_FORM = /^[\w-]{1,200}$/;

const cookiesOf = ({ headers }: FastifyRequest): [string, string][] =>
  (headers.cookie ?? '').split(';').map((pair) => {
    const equals = pair.indexOf('=');
    return [pair.slice(0, equals).trim(), pair.slice(equals + 1).trim()];
  });

/** The session cookies of a browser, by org key. */
export function sessionsOf(request: FastifyRequest): Record<string, string> {
  const sessions = cookiesOf(request).filter(([name, value]) => name.startsWith(SESSION) && SESSION_FORM.test(value));
  return Object.fromEntries(sessions.slice(0, MOST).map(([name, value]) => [name.slice(SESSION.length), value]));
}

/** Signs in; `undefined` signs out. */
export function setSession(reply: FastifyReply, orgkey: string, secret: string | undefined): void {
  const end = secret === undefined ? '; Max-Age=0' : '';
  void reply.header('set-cookie', `${SESSION}${orgkey}=${secret ?? ''}; ${FLAGS}${end}`);
}

/**
 * What only a page of ours in this browser can post: a MAC of the sessions it was made for, under a random cookie. So a page
 * from before somebody signed in is out of date. Sets the cookie where there is none.
 */
export function csrfToken(request: FastifyRequest, reply: FastifyReply): string {
  const known = csrfCookie(request);
  const key = known ?? randomBytes(32).toString('base64url');
  if (known === undefined) void reply.header('set-cookie', `${CSRF}=${key}; ${FLAGS}`);
  return tokenOf(key, request);
}

/** Whether a form came from a page of ours in this browser. */
export function isOwnForm(request: FastifyRequest, token: string | undefined): boolean {
  const key = csrfCookie(request);
  // Every current browser says where a request began; of the others the cookie alone decides.
  const site = request.headers['sec-fetch-site'];
  if (key === undefined || token === undefined || (site !== undefined && site !== 'same-origin')) return false;
  return isEqual(token, tokenOf(key, request));
}

/** Goes on in a URL with what was posted by a form of ours in this browser, which no link can say; it outlives a sign-in. */
export function typedMark(request: FastifyRequest, value: string): string {
  const key = csrfCookie(request);
  return key === undefined ? '' : markOf(key, value);
}

/** Whether a value in a URL was posted by a form of ours in this browser before. */
export function wasTyped(request: FastifyRequest, value: string, mark: string | undefined): boolean {
  const key = csrfCookie(request);
  return key !== undefined && mark !== undefined && isEqual(mark, markOf(key, value));
}

function isEqual(sent: string, own: string): boolean {
  const [one, other] = [Buffer.from(sent), Buffer.from(own)];
  return one.length === other.length && timingSafeEqual(one, other);
}

const csrfCookie = (request: FastifyRequest): string | undefined =>
  cookiesOf(request).find(([name, value]) => name === CSRF && /^[\w-]{43}$/.test(value))?.[1];

const tokenOf = (key: string, request: FastifyRequest): string =>
  createHmac('sha256', key)
    .update(JSON.stringify(Object.entries(sessionsOf(request)).sort()))
    .digest('base64url');

const markOf = (key: string, value: string): string =>
  createHmac('sha256', key).update(`typed ${value}`).digest('base64url');
