import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Bus } from '@keyward/bus';
import { MANAGEMENT_SCOPE, ROOT_ORGANIZATION, ServiceError, verifyBearer } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';

/** Lets operators in: a token of `root` with the management scope (RFC 6750 §2.1, header only). */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(private readonly bus: Bus) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FastifyRequest>();
    const token = tokenOf(authorizationOf(request));
    const { scopes, organizationId } = await this.bus.call(verifyBearer, { token }, callOf(request));
    if (!scopes.includes(MANAGEMENT_SCOPE) || organizationId !== ROOT_ORGANIZATION.id)
      throw new ServiceError('insufficient_scope');
    return true;
  }
}

/** RFC 6750 §3.1: without credentials the challenge says no more than that some are needed. */
function tokenOf(authorization: string | undefined): string {
  const [scheme = '', token = ''] = authorization?.split(/ (.*)/s) ?? [];
  if (scheme.toLowerCase() !== 'bearer')
    throw new Refusal(401, 'unauthorized', undefined, { 'www-authenticate': 'Bearer realm="keyward"' });
  if (!/^[\w.~+/-]{1,8192}=*$/.test(token) || token.length > 8192) throw new ServiceError('invalid_token');
  return token;
}
