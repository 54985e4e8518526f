import { METHODS } from 'node:http';
import type { LoggerService } from '@nestjs/common';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Fault } from '../proxy/fault';
import type { Proxy } from '../proxy/proxy';
import type { Located } from '../proxy/visit';
import { faultOf, refuse } from '../proxy/refuse';
import { isManagement, type Answers } from './answers';
import { clientAddress } from './client-address';
import { callOf, correlationId } from './request-call';
import { PROXIED, type Routes } from './routes';

/** Gives the proxy every path that is none of Keyward's own. Bodies are not read: they are streamed. */
export function serveProxied(
  fastify: FastifyInstance,
  proxy: Proxy,
  routes: Routes,
  answers: Answers,
  log: LoggerService,
): void {
  // So that what no API can list is 405 with what it does (RFC 9110 §15.5.6); CONNECT never gets here.
  for (const method of METHODS) if (!fastify.supportedMethods.includes(method)) fastify.addHttpMethod(method);
  void fastify.register((scope, _options, done) => {
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, parsed) => parsed(null));
    scope.all(PROXIED, answer);
    done();
  });

  async function answer(request: FastifyRequest, reply: FastifyReply): Promise<void> {
    const { raw } = request;
    const correlation = correlationId(request);
    const own = () => ({ 'x-content-type-options': 'nosniff', 'x-correlation-id': correlation });
    try {
      const located = locate(request, reply);
      if (!located) return;
      reply.hijack();
      const visit = { address: clientAddress(request), traceparent: request.id, own, call: () => callOf(request) };
      await proxy.serve(raw, reply.raw, located, visit);
    } catch (error) {
      const fault = faultOf(error);
      if (!fault) log.error({ message: 'unexpected failure', trace: request.id, error });
      if (!reply.sent) reply.hijack();
      refuse(raw, reply.raw, fault ?? new Fault('unclassified'), own());
    }
  }

  /** `undefined` where another method of Keyward's own path was meant, or its management API, which has been answered. */
  function locate(request: FastifyRequest, reply: FastifyReply): Located | undefined {
    try {
      return proxy.locate(request.raw);
    } catch (error) {
      const { url = '', method = '' } = request.raw;
      const refusal = isManagement(request) ? routes.refusal(url, method) : routes.ownRefusal(url, method);
      if (!refusal) throw error;
      answers.refuse(refusal, request, reply);
      return undefined;
    }
  }
}
