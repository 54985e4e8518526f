import { Controller, Delete, Get, HttpCode, Inject, Options, Post, Put, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus, type Call } from '@keyward/bus';
import {
  endRegistration,
  forgetApplication,
  forgetClients,
  readRegistration,
  registerClient,
  replaceRegistration,
  ServiceError,
  type ClientInformation,
  type NameRegistration,
  type Organization,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { clientAddress } from '../http/client-address';
import { organizationAt } from '../http/organization';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';
import { Origins } from '../oauth/origins';
import { issuerOf, registrationEndpoint } from '../openid/metadata';
import { bearerOf, challenged, unauthorized } from './bearer';

type At = FastifyRequest<{ Params: { orgkey: string; clientId?: string } }>;

const ENDPOINTS = ['/t/:orgkey/register', '/t/:orgkey/oauth2/register'];
const CLIENTS = ENDPOINTS.map((path) => `${path}/:clientId`);

/** Clients register here by themselves (RFC 7591) and manage what they have registered (RFC 7592). */
@ApiExcludeController()
@Controller()
export class ClientRegistrationController {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly origins: Origins,
  ) {}

  @Post(ENDPOINTS)
  @HttpCode(201)
  register(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.answer(request, reply, async ({ id, key, highAssurance, clientRegistration }, call) => {
      const accessToken = bearerOf(request);
      const open = clientRegistration === 'open';
      if (accessToken === undefined && !open) throw unauthorized();
      const metadata = metadataIn(request);
      const asked = { organizationId: id, highAssurance, open, accessToken, metadata, ip: clientAddress(request) };
      return this.informationOf(key, await this.bus.call(registerClient, asked, call));
    });
  }

  @Get(CLIENTS)
  read(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.answer(request, reply, async ({ id, key }, call) =>
      this.informationOf(key, await this.bus.call(readRegistration, named(request, id), call)),
    );
  }

  @Put(CLIENTS)
  replace(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    return this.answer(request, reply, async ({ id, key, highAssurance }, call) => {
      const asked = { ...named(request, id), highAssurance, metadata: metadataIn(request) };
      return this.informationOf(key, await this.bus.call(replaceRegistration, asked, call));
    });
  }

  @Delete(CLIENTS)
  @HttpCode(204)
  async end(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, async ({ id: organizationId }, call) => {
      const asked = named(request, organizationId);
      const forget = async (applicationId?: string) => {
        if (applicationId !== undefined)
          await this.bus.call(forgetApplication, { organizationId, applicationId }, call);
      };
      // What others have of it goes first: while one of them is away it does not end, and may ask again.
      const { applicationId } = await this.bus.call(readRegistration, asked, call);
      await forget(applicationId);
      await this.bus.call(forgetClients, { organizationId, clientIds: [asked.clientId] }, call);
      const ended = await this.bus.call(endRegistration, asked, call);
      // It may have subscribed in between. It has ended all the same, so that it could not ask again.
      await forget(ended.applicationId).catch(() => undefined);
    });
  }

  /** a browser asks whether a page's script may. */
  @Options([...ENDPOINTS, ...CLIENTS])
  @HttpCode(204)
  async preflight(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.origins.preflight(request, reply, request.params.clientId === undefined ? 'POST' : 'GET, PUT, DELETE');
  }

  /** Closed is as if it were not there, but for saying so (DR-01). */
  private async answer<T>(
    request: At,
    reply: FastifyReply,
    work: (organization: Organization, call: Call) => Promise<T>,
  ): Promise<T> {
    const { origin } = request.headers;
    const call = callOf(request);
    if (origin !== undefined) reply.header('vary', 'Origin');
    try {
      const organization = await organizationAt(this.organizations, request.params.orgkey);
      if (organization.clientRegistration === 'closed')
        throw new Refusal(403, 'access_denied', 'clients cannot register themselves here');
      return await work(organization, call);
    } catch (error) {
      throw challenged(error);
    } finally {
      if (origin !== undefined) await this.allow(origin, request.params.clientId, reply, call);
    }
  }

  /** a script of the client's own may read what is said of it; before there is one, of any that is known. */
  private allow(origin: string, clientId: string | undefined, reply: FastifyReply, call: Call): Promise<void> {
    return clientId === undefined
      ? this.origins.allowKnown(origin, reply, call)
      : this.origins.allow(origin, clientId, reply, call);
  }

  /** RFC 7591 §3.2.1, RFC 7592 §3. A secret has no end (0). */
  private informationOf(orgkey: string, client: ClientInformation): object {
    const { clientId, clientSecret, issuedAt, accessToken, metadata } = client;
    return {
      client_id: clientId,
      ...(clientSecret === undefined ? {} : { client_secret: clientSecret, client_secret_expires_at: 0 }),
      client_id_issued_at: issuedAt,
      registration_access_token: accessToken,
      registration_client_uri: `${registrationEndpoint(issuerOf(this.config, orgkey))}/${clientId}`,
      ...metadata,
    };
  }
}

/** Throws a `Refusal` without a token. */
function named(request: At, organizationId: string): NameRegistration {
  const accessToken = bearerOf(request);
  if (accessToken === undefined) throw unauthorized();
  const { clientId = '' } = request.params;
  if (clientId.length > 255) throw unauthorized('invalid_token');
  return { organizationId, clientId, accessToken };
}

/** Throws `invalid_client_metadata` for what is no object. */
function metadataIn({ body }: FastifyRequest): Record<string, unknown> {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  throw new ServiceError('invalid_client_metadata', 'client metadata is a JSON object');
}
