import { ServiceError } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { Refusal } from '../http/refusal';

/** RFC 6750 §3.1: without a token no error is said. */
export const unauthorized = (error?: 'invalid_token'): Refusal =>
  new Refusal(401, error ?? 'unauthorized', error && 'the access token is not valid here', {
    'www-authenticate': `Bearer realm="keyward"${error ? `, error="${error}"` : ''}`,
  });

/** The bearer token of a request (RFC 6750 §2.1), `undefined` without one. Throws a `Refusal` for what is none. */
export function bearerOf(request: FastifyRequest): string | undefined {
  const header = authorizationOf(request);
  if (header === undefined) return undefined;
  const [, token] = /^bearer ([\w.~+/-]{1,255}=*)$/i.exec(header) ?? [];
  if (token === undefined) throw unauthorized('invalid_token');
  return token;
}

/** What the key manager says of a token, as RFC 6750 §3 has it. */
export const challenged = (error: unknown): unknown =>
  error instanceof ServiceError && error.code === 'invalid_token' ? unauthorized('invalid_token') : error;
