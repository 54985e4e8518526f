import { STATUS_CODES } from 'node:http';
import { Catch, type ArgumentsHost, type ExceptionFilter, type LoggerService } from '@nestjs/common';
import { MANAGEMENT_SCOPE, type PageOwner } from '@keyward/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { lookOf, type At } from '../openid/browser';
import { errorPage, plainPage } from '../openid/pages/messages';
import { sendPage } from '../openid/pages/send';
import { isPage } from '../openid/paths';
import { Refusal, refusalOf } from './refusal';
import { isProxied } from './routes';

/** Whether the management API is asked, however its path is encoded: its errors are problems, all others are OAuth's. */
export const isManagement = ({ routeOptions, raw }: FastifyRequest): boolean =>
  (isProxied(routeOptions.url) ? raw.url : routeOptions.url)?.startsWith('/api/') ?? false;

/** Whether API Manager's own registration is asked, whose clients know its errors. */
const isApiManager = ({ routeOptions }: FastifyRequest): boolean =>
  routeOptions.url?.startsWith('/client-registration/') ?? false;

/** The only place where an error becomes an HTTP answer. */
@Catch()
export class Answers implements ExceptionFilter {
  constructor(
    private readonly log: LoggerService,
    /** Whose page it is. */
    private readonly ownerOf: (orgkey: string) => PageOwner | undefined = () => undefined,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.refuse(error, http.getRequest<FastifyRequest>(), http.getResponse<FastifyReply>());
  }

  refuse(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
    const refusal = refusalOf(error) ?? new Refusal(500, 'server_error');
    // Names the path without its query, where a client may have put what does not belong there.
    const path = request.raw.url?.split('?')[0];
    if (refusal.status === 500) this.log.error({ message: 'unexpected failure', path, trace: request.id, error });
    if (isManagement(request)) problem(refusal, reply);
    else if (isApiManager(request)) apiManagerError(refusal, reply);
    else if (isPage(request)) pageError(refusal, request as At, reply, this.ownerOf);
    else oauthError(refusal, reply);
  }
}

/** For people: what is wrong in their language, what else is known for whoever looks after the application. */
function pageError(
  { status, code, description, headers }: Refusal,
  request: At,
  reply: FastifyReply,
  ownerOf: (orgkey: string) => PageOwner | undefined,
): void {
  const { orgkey } = request.params;
  const look = lookOf(request, {}, orgkey === undefined ? undefined : ownerOf(orgkey.toLowerCase()));
  void reply.headers(headers);
  if (status === 404) sendPage(reply, plainPage(look, look.texts.notFound), { status });
  else if (status >= 429) sendPage(reply, plainPage(look, look.texts.unavailable), { status });
  else sendPage(reply, errorPage({ ...look, code, description }), { status });
}

/** RFC 6749 §5.2. */
function oauthError({ status, code, description, headers }: Refusal, reply: FastifyReply): void {
  // §5.2: 401 for a client that is not authenticated; RFC 9110 §15.5.2 wants a challenge on every 401.
  if (status === 401) reply.header('www-authenticate', 'Basic realm="keyward"');
  // §5.2 knows neither 415 nor too_many_requests.
  const error = code === 'too_many_requests' ? 'temporarily_unavailable' : code;
  void reply
    .code(status === 415 ? 400 : status)
    .headers(headers)
    .type('application/json')
    .send(JSON.stringify({ error, error_description: description && printable(description) }));
}

/** RFC 9457, and the challenge of RFC 6750 §3. */
function problem({ status, code, description, headers }: Refusal, reply: FastifyReply): void {
  if (code === 'invalid_token' || code === 'insufficient_scope') reply.header('www-authenticate', challenge(code));
  const body = { type: 'about:blank', title: STATUS_CODES[status], status, code, detail: description };
  void reply.code(status).headers(headers).type('application/problem+json').send(JSON.stringify(body));
}

/** The form of API Manager's REST APIs. */
function apiManagerError({ status, description = '', headers }: Refusal, reply: FastifyReply): void {
  const body = { code: status, message: STATUS_CODES[status], description, moreInfo: '', error: [] };
  void reply.code(status).headers(headers).type('application/json').send(JSON.stringify(body));
}

const challenge = (code: 'invalid_token' | 'insufficient_scope'): string =>
  `Bearer realm="keyward", error="${code}"` + (code === 'insufficient_scope' ? `, scope="${MANAGEMENT_SCOPE}"` : '');

/** RFC 6749 §5.2: `error_description` is %x20-21 / %x23-5B / %x5D-7E, whatever was reflected into it. */
const printable = (text: string): string =>
  text
    .slice(0, 300)
    .replace(/"/g, "'")
    .replace(/[^\x20-\x5b\x5d-\x7e]/g, '?');
