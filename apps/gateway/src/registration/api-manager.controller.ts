import { Controller, HttpCode, Post, Req } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import { proveClientOwner, registerOwnedClient, ServiceError, type OwnedClient } from '@keyward/contracts';
import type { FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { clientAddress } from '../http/client-address';
import { Refusal } from '../http/refusal';
import { callOf } from '../http/request-call';
import { readProfile, type Profile } from './api-manager-profile';

/** API Manager's own registration of clients, by the password of the user who will own them. */
@ApiExcludeController()
@Controller()
export class ApiManagerController {
  constructor(private readonly bus: Bus) {}

  /** Registered before under this name by this user, it is the same client. */
  @Post(['/client-registration/v0.17/register', '/client-registration/register'])
  @HttpCode(200)
  async register(@Req() request: FastifyRequest): Promise<object> {
    const { username, password } = credentialsOf(request);
    const [ip, call] = [clientAddress(request), callOf(request)];
    try {
      const proven = await this.bus.call(proveClientOwner, { username, password, ip }, call);
      const profile = readProfile(request.body, username);
      const { organizationId, sub: owner, administers: trusted } = proven;
      const client = await this.bus.call(registerOwnedClient, { ...profile, organizationId, owner, trusted, ip }, call);
      return answerOf(client, profile, username);
    } catch (error) {
      throw refused(error);
    }
  }
}

function answerOf({ clientId, clientSecret, ...client }: OwnedClient, { name }: Profile, username: string): object {
  const callBackURL = client.redirectUris[0] ?? '';
  const json = { grant_types: client.grantTypes.join(' '), redirect_uris: callBackURL, client_name: name };
  return {
    ...{ callBackURL, jsonString: JSON.stringify(json), clientName: name, clientId, clientSecret },
    ...{ isSaasApplication: false, appOwner: username },
  };
}

/** RFC 7617 §2. Throws a `Refusal` of 401. */
function credentialsOf(request: FastifyRequest): { username: string; password: string } {
  const [, encoded = ''] = /^basic +([A-Za-z0-9+/]+=*)$/i.exec(authorizationOf(request) ?? '') ?? [];
  const [, username = '', password = ''] =
    /^([^:]*):(.*)$/s.exec(Buffer.from(encoded, 'base64').toString('utf8')) ?? [];
  if (username === '' || username.length > 384 || password.length > 1024) throw unauthenticated();
  return { username, password };
}

const unauthenticated = () =>
  new Refusal(401, 'invalid_grant', 'Unauthenticated request', { 'www-authenticate': 'Basic realm="keyward"' });

function refused(error: unknown): unknown {
  if (!(error instanceof ServiceError)) return error;
  if (error.code === 'invalid_grant') return unauthenticated();
  return error.code === 'access_denied' ? new Refusal(403, error.code, error.description) : error;
}
