import { Controller, Get, Inject, Param, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Call } from '@keyward/bus';
import type { Jwks } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { RequestCall } from '../http/request-call';
import { endpointPaths } from '../oauth/paths';
import { organizationAt } from '../http/organization';
import { JwksCache } from './jwks-cache';
import { metadataOf } from './metadata';
import { METADATA_PATHS } from './paths';

/** What everyone may know of an issuer: its keys and its metadata. */
@ApiExcludeController()
@Controller()
export class OpenIdController {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly organizations: Organizations,
    private readonly keys: JwksCache,
  ) {}

  @Get(endpointPaths('jwks'))
  async jwks(
    @Param('orgkey') orgkey: string | undefined,
    @RequestCall() call: Call,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Jwks> {
    const { keys, maxAge } = await this.keys.of((await organizationAt(this.organizations, orgkey)).id, call);
    cacheable(reply, maxAge);
    return { keys };
  }

  @Get(METADATA_PATHS)
  async metadata(
    @Param('orgkey') orgkey: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<object> {
    const metadata = metadataOf(this.config, await organizationAt(this.organizations, orgkey));
    cacheable(reply);
    return metadata;
  }
}

/** JK-01. */
const cacheable = (reply: FastifyReply, maxAge = 300): void => {
  // for every page, and what a cache keeps is the same for all of them.
  reply
    .headers({ 'cache-control': `public, max-age=${maxAge}`, 'access-control-allow-origin': '*' })
    .removeHeader('pragma');
};
