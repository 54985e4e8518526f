import { ServiceError } from '@keyward/contracts';

/** The `token` parameter of RFC 7009 §2.1 and RFC 7662 §2.1. The hint is not needed: a token tells its own kind. */
export function tokenParam(params: Record<string, string>): string {
  const token = params['token'];
  if (!token) throw new ServiceError('invalid_request', 'Missing parameters: token');
  return token;
}
