import { STATUS_CODES, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Http2SecureServer, Http2ServerRequest, Http2ServerResponse } from 'node:http2';
import type { Socket } from 'node:net';
import { Refusal } from './refusal';
import { requestId, traceOf } from './request-call';

const BODY = '{"error":"invalid_request"}';

/** Nothing is kept by caches unless a handler says so: most answers hold a token or a secret (RFC 6749 §5.1). */
export const headersOfAll = (correlation: string): Record<string, string> => ({
  'cache-control': 'no-store',
  pragma: 'no-cache',
  'x-content-type-options': 'nosniff',
  'x-correlation-id': correlation,
});

/** The bytes of an answer where there is no response to write it with: it is its connection's last. */
export function lastAnswer(status: number, correlation: string): string {
  const headers = { 'content-type': 'application/json', 'content-length': BODY.length, ...headersOfAll(correlation) };
  const lines = Object.entries({ ...headers, connection: 'close' }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n${lines.join('')}\r\n${BODY}`;
}

/** Answers what never became a request. */
export function answerParseError(error: NodeJS.ErrnoException, socket: Socket): void {
  const status = { HPE_HEADER_OVERFLOW: 431, ERR_HTTP_REQUEST_TIMEOUT: 408 }[error.code ?? ''] ?? 400;
  if (socket.writable && error.code !== 'ECONNRESET') socket.write(lastAnswer(status, traceOf(requestId({}))));
  socket.destroy(error);
}

/** Answers for a server what Node would answer with less (RFC 9110 §10.1.1). */
export function refuseExpectations(server: Server | Http2SecureServer): void {
  server.on(
    'checkExpectation',
    ({ headers }: IncomingMessage | Http2ServerRequest, response: ServerResponse | Http2ServerResponse) => {
      refuseEarly(417, headers, response as ServerResponse);
    },
  );
}

/** Answers before any route is looked for. */
export function refuseEarly(status: number, headers: NodeJS.Dict<string | string[]>, response: ServerResponse): void {
  const all = { 'content-type': 'application/json', ...headersOfAll(traceOf(requestId(headers))) };
  response.writeHead(status, all).end(BODY);
}

/** What is wrong with the head of a request that Node has parsed. HTTP/2 knows neither of these headers. */
export function refusalOfHead(request: IncomingMessage): Refusal | undefined {
  if (request.httpVersionMajor !== 1) return undefined;
  const hosts = countOf(request.rawHeaders, 'host');
  // RFC 9112 §3.2: whoever takes the first and who the last would disagree. HTTP/1.0 needs none.
  if (hosts > 1 || (hosts === 0 && request.httpVersionMinor > 0))
    return new Refusal(400, 'invalid_request', 'there must be one Host', { connection: 'close' });
  const coding = request.headers['transfer-encoding'];
  // RFC 9112 §6.1: what else a body is coded with would be lost, as none is decoded here.
  if (coding !== undefined && coding.toLowerCase() !== 'chunked')
    return new Refusal(501, 'invalid_request', 'this transfer coding is not known here', { connection: 'close' });
  return undefined;
}

function countOf(rawHeaders: readonly string[], wanted: string): number {
  let count = 0;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const name = rawHeaders[n];
    if (name?.length === wanted.length && name.toLowerCase() === wanted) count++;
  }
  return count;
}
