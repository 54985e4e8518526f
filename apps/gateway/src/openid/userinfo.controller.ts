import { Controller, Get, HttpCode, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { getUserInfo, ServiceError, type UserInfo } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { authorizationOf } from '../http/authorization';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';
import { endpointPaths } from '../oauth/paths';
import { organizationOf, type At } from './browser';

/** The UserInfo endpoint, OpenID Connect Core 1.0 §5.3, for the bearer of an access token (RFC 6750 §2.1). */
@ApiExcludeController()
@Controller()
export class UserInfoController {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
  ) {}

  @Get(endpointPaths('userinfo'))
  get(@Req() request: At): Promise<UserInfo> {
    return this.userInfo(request);
  }

  @Post(endpointPaths('userinfo'))
  @HttpCode(200)
  post(@Req() request: At): Promise<UserInfo> {
    return this.userInfo(request);
  }

  private async userInfo(request: At): Promise<UserInfo> {
    const organization = await organizationOf(request, this.organizations);
    const [scheme = '', token = ''] = authorizationOf(request)?.split(/ (.*)/s) ?? [];
    // RS-01: without credentials the challenge says no more than that some are needed.
    if (scheme.toLowerCase() !== 'bearer') throw refusal(401, 'unauthorized', '');
    if (token.length > 8192 || !/^[\w.~+/-]+=*$/.test(token))
      throw refusal(401, 'invalid_token', ', error="invalid_token"');
    const asked = this.bus.call(getUserInfo, { token, organizationId: organization?.id }, callOf(request));
    return asked.catch(challenge);
  }
}

const refusal = (status: number, code: string, more: string): Refusal =>
  new Refusal(status, code, undefined, { 'www-authenticate': `Bearer realm="keyward"${more}` });

/** RFC 6750 §3.1. */
function challenge(error: unknown): never {
  if (!(error instanceof ServiceError)) throw error;
  if (error.code === 'invalid_token') throw refusal(401, error.code, ', error="invalid_token"');
  if (error.code === 'insufficient_scope')
    throw refusal(403, error.code, ', error="insufficient_scope", scope="openid"');
  throw error;
}
