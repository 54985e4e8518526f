import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { headersOfAll, lastAnswer } from './early-answers';
import { hasBody } from './has-body';
import { streamOf } from './http2';
import { traceOf } from './request-call';
import { isProxied } from './routes';

/** How long a body for Keyward's own endpoints may take, milliseconds. */
const OWN_MS = 10_000;
const SWEEP_MS = 1000;

/** gives up bodies that do not come to an end. What goes on to an API is watched there (`proxy/slow-clients.ts`). */
export function giveUpSlowBodies(fastify: FastifyInstance): void {
  const reading = new Map<IncomingMessage, { since: number; id: string }>();
  fastify.addHook('onRequest', ({ raw, routeOptions, id }, _reply, done) => {
    if (hasBody(raw) && !isProxied(routeOptions.url)) reading.set(raw, { since: Date.now(), id });
    done();
  });
  fastify.addHook('preHandler', ({ raw }, _reply, done) => {
    reading.delete(raw);
    done();
  });
  const sweep = setInterval(() => {
    for (const [raw, { since, id }] of reading)
      if (raw.complete || raw.destroyed) reading.delete(raw);
      else if (Date.now() - since > OWN_MS) giveUp(raw, traceOf(id));
  }, SWEEP_MS).unref();
  fastify.addHook('onClose', (_fastify, done) => {
    clearInterval(sweep);
    done();
  });
}

/** As the server itself does it for headers. */
function giveUp(request: IncomingMessage, correlation: string): void {
  const stream = streamOf(request);
  if (stream) {
    if (!stream.headersSent)
      stream.respond({ ':status': 408, 'content-type': 'application/json', ...headersOfAll(correlation) });
    stream.end('{"error":"invalid_request"}', () => stream.close());
    return;
  }
  const { socket } = request;
  if (socket.writable) socket.write(lastAnswer(408, correlation));
  socket.destroySoon();
}
