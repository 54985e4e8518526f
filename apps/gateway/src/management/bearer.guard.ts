import { createParamDecorator, Inject, Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
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
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { callOf } from '../http/request-call';
import { ClientCertificates } from '../possession/certificates';
import { challengedProof, presentedOf } from '../possession/presented';
import { REQUIRED, type Required } from './rights';

type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** The roles by which a request's bearer sees APIs; none is kept of who sees all. */
const seenWith = new WeakMap<object, string[]>();

/** The roles that decide which APIs who asks may see; `undefined`: all, as operators and admins do. */
export const SeenWith = createParamDecorator((_: unknown, context: ExecutionContext) =>
  seenWith.get(context.switchToHttp().getRequest<object>()),
);

/** Lets operators in, and an organization's own people to what is its own (RFC 6750 §2.1, header only). */
@Injectable()
export class BearerGuard implements CanActivate {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly bus: Bus,
    private readonly certificates: ClientCertificates,
    private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const http = context.switchToHttp();
    const request = http.getRequest<At>();
    const presented = await presentedOf(request, this.config.server.publicUrl, this.certificates);
    const bearer = await this.bus.call(verifyBearer, presented, callOf(request)).catch(refuse);
    if (bearer.dpopNonce) http.getResponse<FastifyReply>().header('dpop-nonce', bearer.dpopNonce);
    if (isOperator(bearer)) return true;
    const required = this.reflector.getAllAndOverride<Required>(REQUIRED, [context.getHandler(), context.getClass()]);
    // Before anything is looked for: of other organizations nobody learns which there are.
    if (!mayUse(bearer, required, request)) throw new ServiceError('insufficient_scope');
    if (!bearer.scopes.includes(ADMIN_SCOPE)) seenWith.set(request, bearer.roles ?? []);
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

function refuse(error: unknown): never {
  throw challengedProof(error);
}
