import { Controller, HttpCode, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import {
  introspectToken,
  issueToken,
  revokeToken,
  type Introspection,
  type TokenRequest,
  type TokenResponse,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { clientAddress } from '../http/client-address';
import { callOf } from '../http/request-call';
import { organizationAt } from '../http/organization';
import { formOf, parseForm } from './form';
import { endpointPaths } from './paths';
import { sunsetHeaders } from './sunset';

type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** The token, revocation and introspection endpoints: a form becomes one message, and its answer the body. */
@ApiExcludeController()
@Controller()
export class OAuthController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Post(endpointPaths('token'))
  @HttpCode(200)
  async token(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenResponse> {
    const { body, sunset } = await this.bus.call(issueToken, await this.read(request), callOf(request));
    if (sunset) reply.headers(sunsetHeaders(sunset));
    return body;
  }

  /** Answers `{}`: simple-oauth2 takes an empty body for a failure (RV-09). */
  @Post(endpointPaths('revoke'))
  @HttpCode(200)
  async revoke(@Req() request: At): Promise<object> {
    await this.bus.call(revokeToken, await this.read(request), callOf(request));
    return {};
  }

  @Post(endpointPaths('introspect'))
  @HttpCode(200)
  async introspect(@Req() request: At): Promise<Introspection> {
    return this.bus.call(introspectToken, await this.read(request), callOf(request));
  }

  private async read(request: At): Promise<TokenRequest> {
    const { orgkey } = request.params;
    return {
      params: parseForm(formOf(request)),
      authorization: authorizationOf(request),
      organizationId: orgkey === undefined ? undefined : (await organizationAt(this.organizations, orgkey)).id,
      ip: clientAddress(request),
    };
  }
}
