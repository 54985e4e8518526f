import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { certificateOf, type GatewayConfig } from '../config';
import type { Answers } from './answers';
import { BODY_LIMIT, readBodies } from './body';
import { answerParseError, headersOfAll, refusalOfHead, refuseExpectations } from './early-answers';
import { ALPN, isHttp2 } from './http2';
import { LIMITS } from './limits';
import { correlationId, requestId } from './request-call';
import type { Routes } from './routes';
import { giveUpSlowBodies } from './slow-bodies';

/** The HTTPS server beneath Nest: its limits, its headers, what it does with what no route takes. */
export function createAdapter(
  config: GatewayConfig,
  answers: Answers,
  routes: Routes,
  closing: () => boolean,
): FastifyAdapter {
  const { certFile, keyFile } = certificateOf(config);
  const adapter = new FastifyAdapter({
    // RFC 9325 §3.1.1: TLS 1.2 and later.
    https: {
      cert: readFileSync(certFile),
      key: readFileSync(keyFile),
      minVersion: 'TLSv1.2',
      handshakeTimeout: 5000,
      ...(config.server.http2 && { ALPNProtocols: ALPN }),
      ...LIMITS,
    },
    requestTimeout: LIMITS.requestTimeout,
    keepAliveTimeout: 75_000, // Longer than what load balancers keep, so that they close first.
    bodyLimit: BODY_LIMIT,
    // A username of 384 characters, percent-encoded in UTF-8.
    routerOptions: { maxParamLength: 4800 },
    trustProxy: config.server.trustedProxies.length > 0 && config.server.trustedProxies,
    genReqId: ({ headers }: IncomingMessage) => requestId(headers),
    clientErrorHandler: answerParseError,
    frameworkErrors: (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
      standardHeaders(request, reply);
      answers.refuse(error, request, reply);
    },
    // What still arrives on an open connection while closing is served.
    return503OnClosing: false,
    skipMiddie: true,
  });

  const fastify = adapter.getInstance();
  routes.watch(fastify);
  refuseExpectations(fastify.server);
  readBodies(fastify);
  giveUpSlowBodies(fastify);
  fastify.addHook('onRequest', (request, reply, done) => {
    standardHeaders(request, reply);
    if (closing() && !isHttp2(request.raw)) reply.header('connection', 'close');
    // Before any body is read. OPTIONS is taken from browsers that ask for another method there, and for nothing else.
    const { url = '', method } = request.raw;
    const refusal = refusalOfHead(request.raw);
    if (refusal) done(refusal);
    else if (request.is404) done(routes.refusal(url, request.method));
    else if (method === 'OPTIONS' && !request.headers['access-control-request-method'])
      done(routes.ownRefusal(url, method));
    else done();
  });
  return adapter;
}

function standardHeaders(request: FastifyRequest, reply: FastifyReply): void {
  reply.headers(headersOfAll(correlationId(request)));
}
