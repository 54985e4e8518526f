import {
  constants,
  createSecureServer,
  type Http2ServerRequest,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { TLSSocket } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { refuseEarly, refuseExpectations } from './early-answers';
import { LIMITS } from './limits';

/** What clients choose from (RFC 7301, RFC 9113 §3.2), in the server's order. */
export const ALPN = ['h2', 'http/1.1'];

/** Streams of one connection at once. */
const STREAMS = 100;
/** How long a connection may have none, milliseconds: at its beginning, and later, longer than what load balancers keep. */
const FIRST_MS = 5000;
const IDLE_MS = 75_000;

/** The connections of clients that speak HTTP/2. */
export interface Http2Sessions {
  /** Takes nothing new, and ends each when its last answer is out. */
  close(): void;
  destroy(): void;
}

/**
 * Serves HTTP/2 on the connections of a TLS server that agreed on it; all others stay that server's own, with its limits and its
 * WebSockets. Only the TLS server listens. That streams are begun and taken back at a great rate (CVE-2023-44487) is nghttp2's to
 * notice, which then ends the connection.
 */
export function serveHttp2(server: Server, fastify: FastifyInstance): Http2Sessions {
  const sessions = new Set<ServerHttp2Session>();
  const http2 = createSecureServer({
    settings: { maxConcurrentStreams: STREAMS, maxHeaderListSize: LIMITS.maxHeaderSize, enablePush: false },
    maxHeaderListPairs: 100,
    maxSessionInvalidFrames: 10,
    maxSessionRejectedStreams: 10,
  });
  http2.on('session', (session) => {
    sessions.add(session);
    watch(session);
    session.once('close', () => sessions.delete(session));
  });
  http2.on('sessionError', () => undefined); // The session is gone; whose fault it was is nobody's news.
  refuseExpectations(http2);
  http2.on('request', (request, response) => {
    if (sizeOf(request.rawHeaders) > LIMITS.maxHeaderSize) {
      refuseEarly(431, request.headers, response as unknown as ServerResponse);
      return;
    }
    limitBody(request);
    // Node's own compatibility layer: what Fastify and the proxy use of both is there.
    fastify.routing(request as unknown as IncomingMessage, response as unknown as ServerResponse);
  });
  const http1 = server.listeners('secureConnection');
  server.removeAllListeners('secureConnection');
  server.on('secureConnection', (socket: TLSSocket) => {
    if (socket.alpnProtocol === 'h2') http2.emit('secureConnection', socket);
    else for (const listener of http1) listener.call(server, socket);
  });
  return {
    close: () => sessions.forEach((session) => session.close()),
    destroy: () => sessions.forEach((session) => session.destroy()),
  };
}

/** Whether a request came by HTTP/2. */
export const isHttp2 = ({ httpVersionMajor }: Pick<IncomingMessage, 'httpVersionMajor'>): boolean =>
  httpVersionMajor === 2;

/** The stream of a request that came by HTTP/2. */
export const streamOf = (request: IncomingMessage): ServerHttp2Stream | undefined =>
  isHttp2(request) ? (request as unknown as Http2ServerRequest).stream : undefined;

/** Whether nobody is there any more to answer. */
export const isGone = (request: IncomingMessage, response: ServerResponse): boolean =>
  response.destroyed || streamOf(request)?.destroyed === true;

/** Ends a stream whose answer is out, though its body may go on for ever (RFC 9113 §8.1). */
export function endWithAnswer(stream: ServerHttp2Stream, response: ServerResponse): void {
  response.once('finish', () => stream.close(constants.NGHTTP2_NO_ERROR));
}

/** Ends an answer so that nobody takes it for a whole one. */
export function cut(request: IncomingMessage, response: ServerResponse): void {
  const stream = streamOf(request);
  if (stream) stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  else response.destroy();
}

/** What the settings say holds from when the client has acknowledged them. */
const sizeOf = (rawHeaders: readonly string[]): number => rawHeaders.reduce((sum, { length }) => sum + length, 0);

/** a connection without a request is no use of it. An answer may be silent for long. */
function watch(session: ServerHttp2Session): void {
  let open = 0;
  session.setTimeout(FIRST_MS, () => {
    if (open === 0) session.destroy();
  });
  session.on('stream', (stream: ServerHttp2Stream) => {
    open++;
    session.setTimeout(IDLE_MS);
    stream.once('close', () => open--);
  });
}

/** X-11: as HTTP/1.1's own limit of a request. */
function limitBody(request: Http2ServerRequest): void {
  const { stream } = request;
  if (stream.endAfterHeaders) return;
  const timer = setTimeout(() => {
    if (!request.complete) stream.close(constants.NGHTTP2_CANCEL);
  }, LIMITS.requestTimeout);
  stream.once('close', () => clearTimeout(timer));
}
