import { Controller, Get, HttpCode, Inject, Options, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { getUserInfo, ServiceError, type UserInfo } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';
import { Origins } from '../oauth/origins';
import { endpointPaths } from '../oauth/paths';
import { ClientCertificates } from '../possession/certificates';
import { challengedProof, presentedOf } from '../possession/presented';
import { organizationOf, type At } from './browser';

/** The UserInfo endpoint, OpenID Connect Core 1.0 §5.3, for whoever has an access token (RFC 6750 §2.1, RFC 9449 §7.1). */
@ApiExcludeController()
@Controller()
export class UserInfoController {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly origins: Origins,
    private readonly certificates: ClientCertificates,
  ) {}

  @Get(endpointPaths('userinfo'))
  get(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<UserInfo | string> {
    return this.userInfo(request, reply);
  }

  @Post(endpointPaths('userinfo'))
  @HttpCode(200)
  post(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<UserInfo | string> {
    return this.userInfo(request, reply);
  }

  /** a browser asks whether a page's script may. */
  @Options(endpointPaths('userinfo'))
  @HttpCode(204)
  async preflight(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.origins.preflight(request, reply, 'GET, POST');
  }

  private async userInfo(request: At, reply: FastifyReply): Promise<UserInfo | string> {
    const { origin } = request.headers;
    const call = callOf(request);
    if (origin !== undefined) reply.header('vary', 'Origin');
    try {
      const presented = await presentedOf(request, this.config.server.publicUrl, this.certificates);
      const organization = await organizationOf(request, this.organizations);
      const asked = { ...presented, organizationId: organization?.id };
      const { clientId, claims, jwt, dpopNonce } = await this.bus.call(getUserInfo, asked, call);
      if (origin !== undefined) await this.origins.allow(origin, clientId, reply, call);
      if (dpopNonce) reply.header('dpop-nonce', dpopNonce);
      if (jwt === undefined) return claims;
      reply.type('application/jwt');
      return jwt;
    } catch (error) {
      // Whose token it was is not known then; that it is refused is no secret.
      if (origin !== undefined) await this.origins.allowKnown(origin, reply, call);
      throw challenged(error);
    }
  }
}

const refusal = (status: number, code: string, more: string): Refusal =>
  new Refusal(status, code, undefined, { 'www-authenticate': `Bearer realm="keyward"${more}` });

/** RFC 6750 §3.1. */
function challenged(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  if (error.code === 'invalid_token') return refusal(401, error.code, ', error="invalid_token"');
  if (error.code === 'insufficient_scope')
    return refusal(403, error.code, ', error="insufficient_scope", scope="openid"');
  return challengedProof(error);
}
