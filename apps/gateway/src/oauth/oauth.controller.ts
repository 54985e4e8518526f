import { Controller, HttpCode, Options, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import {
  authorizeDevice,
  introspectToken,
  issueToken,
  revokeToken,
  type DeviceAuthorization,
  type Introspection,
  type Rpc,
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
import { Origins } from './origins';
import { endpointPaths } from './paths';
import { sunsetHeaders } from './sunset';

type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** The token, device authorization, revocation and introspection endpoints: a form becomes one message, and its answer the body. */
@ApiExcludeController()
@Controller()
export class OAuthController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly origins: Origins,
  ) {}

  @Post(endpointPaths('token'))
  @HttpCode(200)
  async token(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenResponse> {
    const { body, sunset } = await this.ask(issueToken, request, reply);
    if (sunset) reply.headers(sunsetHeaders(sunset));
    return body;
  }

  @Post(endpointPaths('device_authorize'))
  @HttpCode(200)
  async device(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<DeviceAuthorization> {
    return this.ask(authorizeDevice, request, reply);
  }

  /** Answers `{}`: simple-oauth2 takes an empty body for a failure (RV-09). */
  @Post(endpointPaths('revoke'))
  @HttpCode(200)
  async revoke(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    await this.ask(revokeToken, request, reply);
    return {};
  }

  @Post(endpointPaths('introspect'))
  @HttpCode(200)
  async introspect(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<Introspection> {
    return this.ask(introspectToken, request, reply);
  }

  /** a browser asks whether a page's script may. */
  @Options(['token', 'device_authorize', 'revoke', 'introspect'].flatMap(endpointPaths))
  @HttpCode(204)
  async preflight(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.origins.preflight(request, reply, 'POST');
  }

  private async ask<Res extends object>(
    message: Rpc<TokenRequest, Res>,
    request: At,
    reply: FastifyReply,
  ): Promise<Res> {
    const form = await this.read(request);
    const call = callOf(request);
    const { origin } = request.headers;
    const send = () => this.bus.call(message, form, call);
    return origin === undefined ? send() : this.origins.answer(origin, form, reply, call, send);
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
