import { Controller, Get, Post, Req, Res } from '@nestjs/common';
import { ORG_KEY, ServiceError } from '@keyward/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { authorizationOf } from '../http/authorization';
import { clientAddress } from '../http/client-address';
import { formOf } from '../oauth/form';
import { endpointPaths, FORM_ENDPOINTS } from '../oauth/paths';
import { METADATA_PATHS } from '../openid/paths';
import { RemoteKeyManager, type RemoteAnswer } from './remote-key-manager';

type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** What of an answer is the client's; nothing else passes, cookies least of all. */
const PASSED_ON = [
  ...['content-type', 'www-authenticate', 'dpop-nonce', 'retry-after', 'cache-control', 'deprecation', 'sunset'],
];

/** Serves the token endpoints in front of another server, which may be API Manager's. */
@Controller()
export class ForwardingController {
  constructor(private readonly remote: RemoteKeyManager) {}

  @Post(FORM_ENDPOINTS.flatMap(endpointPaths))
  async post(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, formOf(request));
  }

  /** API Manager's gateway has this one as well, and a token of the other server opens nothing here. */
  @Get(endpointPaths('userinfo'))
  async userInfo(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply);
  }

  @Post(endpointPaths('userinfo'))
  async postUserInfo(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    await this.answer(request, reply, Buffer.isBuffer(request.body) ? request.body : undefined);
  }

  private async answer(request: At, reply: FastifyReply, body?: Buffer): Promise<void> {
    const answer = await this.forward(request, body);
    passOn(answer, reply);
    // RFC 6749 §5.1, whatever the other server says.
    if (!String(answer.headers['cache-control']).includes('no-store')) reply.header('cache-control', 'no-store');
    await reply.send(answer.body);
  }

  @Get([...endpointPaths('jwks'), ...METADATA_PATHS])
  async get(@Req() request: At, @Res() reply: FastifyReply): Promise<void> {
    const answer = await this.forward(request);
    passOn(answer, reply);
    if (answer.headers['cache-control'] !== undefined) reply.removeHeader('pragma');
    await reply.send(answer.body);
  }

  private forward(request: At, body?: Buffer): Promise<RemoteAnswer> {
    const { headers } = request;
    return this.remote.ask({
      method: request.method === 'POST' ? 'POST' : 'GET',
      path: targetOf(request),
      headers: {
        authorization: authorizationOf(request),
        'content-type': body && headers['content-type'],
        dpop: headers['dpop']?.toString(),
        accept: headers.accept,
        'user-agent': headers['user-agent'],
        traceparent: request.id,
        'x-forwarded-for': clientAddress(request),
      },
      body,
    });
  }
}

/** The same endpoint below `/oauth2/`, where both Keyward and API Manager serve it; documents are where they are here. */
export function targetOf({ params, routeOptions }: Pick<At, 'params' | 'routeOptions'>): string {
  const orgkey = params.orgkey?.toLowerCase();
  // Only what can be an org key becomes part of another server's path.
  if (orgkey !== undefined && !ORG_KEY.test(orgkey)) throw new ServiceError('not_found');
  const route = routeOptions.url ?? '';
  const at = (path: string) => path.replace(':orgkey', orgkey ?? '');
  if (route.includes('/.well-known/')) return at(route);
  return at(`${orgkey === undefined ? '' : '/t/:orgkey'}/oauth2/${route.slice(route.lastIndexOf('/') + 1)}`);
}

function passOn({ status, headers }: RemoteAnswer, reply: FastifyReply): void {
  void reply.code(status);
  for (const name of PASSED_ON) if (headers[name] !== undefined) void reply.header(name, headers[name]);
}
