import { STATUS_CODES, type IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import { hasBody } from './has-body';
import { streamOf } from './http2';
import { isProxied } from './routes';

/** How long a body for Keyward's own endpoints may take, milliseconds. */
const OWN_MS = 10_000;
const SWEEP_MS = 1000;

/** gives up bodies that do not come to an end. What goes on to an API is watched there (`proxy/slow-clients.ts`). */
export function giveUpSlowBodies(fastify: FastifyInstance): void {
  const reading = new Map<IncomingMessage, number>();
  fastify.addHook('onRequest', ({ raw, routeOptions }, _reply, done) => {
    if (hasBody(raw) && !isProxied(routeOptions.url)) reading.set(raw, Date.now());
    done();
  });
  fastify.addHook('preHandler', ({ raw }, _reply, done) => {
    reading.delete(raw);
    done();
  });
  const sweep = setInterval(() => {
    for (const [raw, since] of reading)
      if (raw.complete || raw.destroyed) reading.delete(raw);
      else if (Date.now() - since > OWN_MS) giveUp(raw);
  }, SWEEP_MS).unref();
  fastify.addHook('onClose', (_fastify, done) => {
    clearInterval(sweep);
    done();
  });
}

/** As the server itself does it for headers. */
function giveUp(request: IncomingMessage): void {
  const body = '{"error":"invalid_request"}';
  const stream = streamOf(request);
  if (stream) {
    if (!stream.headersSent)
      stream.respond({ ':status': 408, 'content-type': 'application/json', 'cache-control': 'no-store' });
    stream.end(body, () => stream.close());
    return;
  }
  const { socket } = request;
  if (socket.writable)
    socket.write(
      `HTTP/1.1 408 ${STATUS_CODES[408] ?? ''}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    );
  socket.destroySoon();
}
