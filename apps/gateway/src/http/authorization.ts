import { ServiceError } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';

/** The `Authorization` header. Throws `invalid_request` for two of them: whoever takes the first and who the last would disagree. */
export function authorizationOf({ raw }: FastifyRequest): string | undefined {
  let found: string | undefined;
  for (let i = 0; i < raw.rawHeaders.length; i += 2) {
    const name = raw.rawHeaders[i];
    if (name?.length !== 13 || name.toLowerCase() !== 'authorization') continue;
    if (found !== undefined) throw new ServiceError('invalid_request', 'more than one Authorization header');
    found = raw.rawHeaders[i + 1];
  }
  return found;
}
