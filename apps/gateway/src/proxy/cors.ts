import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import type { CorsSettings } from '@keyward/contracts';
import { DPOP_NONCE } from './fault';
import type { Api } from './route-table';

/** Whether a browser asks if it may send a request (Fetch §3.2.2). */
export const isPreflight = ({ method, headers }: IncomingMessage): boolean =>
  method === 'OPTIONS' && headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/** What a browser is told on a preflight: the methods of this resource alone. */
export function preflightHeaders({ cors }: Api, { headers }: IncomingMessage, methods: string[]): OutgoingHttpHeaders {
  const allow = methods.join(', ');
  const allowed = cors && allowedOrigin(cors, headers.origin);
  if (!cors || !allowed) return { allow, vary: 'Origin' };
  return {
    allow,
    ...allowed,
    'access-control-allow-methods': allow,
    ...(cors.allowHeaders.length > 0 && { 'access-control-allow-headers': cors.allowHeaders.join(', ') }),
    'access-control-max-age': String(cors.maxAge),
  };
}

/** What a browser is told with an answer, a refusal too; nothing to an origin that is not allowed. */
export function corsHeaders({ cors }: Api, { headers: { origin } }: IncomingMessage): OutgoingHttpHeaders | undefined {
  if (!cors || origin === undefined) return undefined;
  const allowed = allowedOrigin(cors, origin);
  if (!allowed) return { vary: 'Origin' };
  const { exposeHeaders } = cors;
  return exposeHeaders.length > 0
    ? { ...allowed, 'access-control-expose-headers': exposeHeaders.join(', ') }
    : { ...allowed };
}

/** A nonce for the next DPoP proof, which a script that may read the answer needs as well. */
export function nonceHeaders(own: OutgoingHttpHeaders, nonce: string): OutgoingHttpHeaders {
  if (own['access-control-allow-origin'] === undefined) return { [DPOP_NONCE]: nonce };
  const exposed = [own['access-control-expose-headers'] ?? [], 'WWW-Authenticate', 'DPoP-Nonce'].flat().join(', ');
  return { [DPOP_NONCE]: nonce, 'access-control-expose-headers': exposed };
}

/** `*` never goes with credentials: that would be every origin with them. */
function allowedOrigin(
  { allowOrigins, allowCredentials }: CorsSettings,
  origin: string | undefined,
): OutgoingHttpHeaders | undefined {
  if (allowOrigins.includes('*')) return { 'access-control-allow-origin': '*' };
  if (origin === undefined || !allowOrigins.includes(origin)) return undefined;
  return {
    'access-control-allow-origin': origin,
    vary: 'Origin',
    ...(allowCredentials && { 'access-control-allow-credentials': 'true' }),
  };
}
