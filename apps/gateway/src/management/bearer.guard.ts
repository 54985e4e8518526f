import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { Bus } from '@keyward/bus';
import {
  ADMIN_SCOPE,
  MANAGEMENT_SCOPE,
  PUBLISHER_SCOPE,
  ROOT_ORGANIZATION,
  ServiceError,
  verifyBearer,
  type Bearer,
} from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';
import { REQUIRED, type Required } from './rights';

type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** Lets operators in, and an organization's own people to what is its own (RFC 6750 §2.1, header only). */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    private readonly bus: Bus,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<At>();
    const token = tokenOf(authorizationOf(request));
    const bearer = await this.bus.call(verifyBearer, { token }, callOf(request));
    if (isOperator(bearer)) return true;
    const required = this.reflector.getAllAndOverride<Required>(REQUIRED, [context.getHandler(), context.getClass()]);
    // Before anything is looked for: of other organizations nobody learns which there are.
    if (!mayUse(bearer, required, request)) throw new ServiceError('insufficient_scope');
    return true;
  }
}

const isOperator = ({ scopes, organizationId }: Bearer): boolean =>
  scopes.includes(MANAGEMENT_SCOPE) && organizationId === ROOT_ORGANIZATION.id;

function mayUse({ scopes, orgKey }: Bearer, { right, operatorsOnly }: Required, { params, body }: At): boolean {
  const isOwn = params.orgkey?.toLowerCase() === orgKey;
  const isScoped = scopes.includes(ADMIN_SCOPE)
    ? right !== 'operator'
    : scopes.includes(PUBLISHER_SCOPE) && right === 'publisher';
  const members = typeof body === 'object' && body !== null ? Object.keys(body) : [];
  return isOwn && isScoped && !members.some((member) => operatorsOnly.includes(member));
}

/** RFC 6750 §3.1: without credentials the challenge says no more than that some are needed. */
function tokenOf(authorization: string | undefined): string {
  const [scheme = '', token = ''] = authorization?.split(/ (.*)/s) ?? [];
  if (scheme.toLowerCase() !== 'bearer')
    throw new Refusal(401, 'unauthorized', undefined, { 'www-authenticate': 'Bearer realm="keyward"' });
  if (!/^[\w.~+/-]{1,8192}=*$/.test(token) || token.length > 8192) throw new ServiceError('invalid_token');
  return token;
}
