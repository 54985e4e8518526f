import type { IncomingMessage } from 'node:http';
import { Fault } from './fault';

/**
 * The access token of a request: of its `Authorization` header alone, what a query says is ignored (RS-03). `undefined`
 * when there is none. Throws for two headers, and for credentials joined in one: whoever takes the first and who the last
 * would disagree (RS-04).
 */
export function bearerOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { authorization } = headers;
  if (authorization === undefined) return undefined;
  if (countOf('authorization', rawHeaders) > 1) throw new Fault('malformedCredentials');
  if (authorization.length < 7 || authorization.slice(0, 6).toLowerCase() !== 'bearer') return undefined;
  return tokenAfter(6, authorization);
}

/** The same of the scheme `DPoP` (RFC 9449 §7.1). */
export function dpopTokenOf({ headers: { authorization } }: IncomingMessage): string | undefined {
  return authorization && /^dpop /i.test(authorization) ? tokenAfter(4, authorization) : undefined;
}

function tokenAfter(end: number, authorization: string): string | undefined {
  if (authorization[end] !== ' ') return undefined;
  const token = authorization.slice(end + 1);
  // A space: two of them after the scheme, or something after the token. A comma: several credentials.
  if (token.includes(' ') || token.includes(',')) throw new Fault('malformedCredentials');
  return token;
}

/** The API key of a request (API Manager's `ApiKey` header). Throws when there are two, or an access token beside it (RS-03). */
export function apiKeyOf({ headers, rawHeaders }: IncomingMessage): string | undefined {
  const { apikey } = headers;
  if (apikey === undefined) return undefined;
  if (headers.authorization !== undefined || Array.isArray(apikey) || countOf('apikey', rawHeaders) > 1)
    throw new Fault('malformedCredentials');
  return apikey;
}

function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0;
  for (let n = 0; n < rawHeaders.length; n += 2)
    if (rawHeaders[n]?.length === name.length && rawHeaders[n]?.toLowerCase() === name) count++;
  return count;
}
