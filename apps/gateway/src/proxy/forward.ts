import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import type { Dispatcher } from 'undici';
import { hasBody } from '../http/has-body';
import { cut, isHttp2 } from '../http/http2';
import { Fault, type FaultName } from './fault';
import { responseHeaders } from './response-headers';

/** A request that may pass. */
export interface Forwarded {
  origin: string;
  /** Path and query. */
  path: string;
  headers: string[];
  authenticated: boolean;
  /** Headers of the answer that are the gateway's. */
  own: OutgoingHttpHeaders;
  /** Counts what went through. */
  meter: Meter;
}

/** How large an answer was so far. */
export interface Meter {
  bytes: number;
  /** The same of a request's body, where its connection has others beside it and no length was announced. */
  received?: number;
}

/** Methods that may be sent again when their connection was lost before an answer (RFC 9110 §9.2.2), without a body. */
const REPEATABLE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Sends a request to its upstream and streams both ways. Resolves when the answer has begun or the client is gone; rejects
 * with a `Fault` when there is none. An upstream that dies in the middle of its answer ends the client's connection, so
 * that half an answer is never taken for a whole one.
 */
export async function forward(
  dispatcher: Dispatcher,
  request: IncomingMessage,
  response: ServerResponse,
  forwarded: Forwarded,
): Promise<void> {
  try {
    await attempt(dispatcher, request, response, forwarded);
  } catch (error) {
    const mayRepeat = REPEATABLE.has(request.method ?? '') && !hasBody(request) && isLostConnection(error);
    if (!mayRepeat || response.destroyed) throw upstreamFault(error);
    await attempt(dispatcher, request, response, forwarded).catch((again: unknown) => {
      throw upstreamFault(again);
    });
  }
}

function attempt(
  dispatcher: Dispatcher,
  request: IncomingMessage,
  response: ServerResponse,
  { origin, path, headers, authenticated, own, meter }: Forwarded,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Dispatcher.DispatchController | undefined;
    const onGone = () => {
      if (!response.writableEnded) current?.abort(new Error('the client is gone'));
      resolve();
    };
    const isStreamed = request.headers.accept?.includes('text/event-stream') ?? false;
    const method = request.method ?? 'GET';
    const body = hasBody(request) ? bodyOf(request, meter) : null;
    response.once('close', onGone);
    dispatcher.dispatch(
      // An event stream may be silent for long.
      { origin, path, method, headers, body, bodyTimeout: isStreamed ? 0 : null },
      {
        onRequestStart: (controller) => {
          current = controller;
          if (response.destroyed) controller.abort(new Error('the client is gone'));
        },
        onResponseStart: (controller, status, answered) => {
          if (status < 200) return;
          response.writeHead(status, responseHeaders(answered, own, authenticated));
          if (isStreamed) response.flushHeaders();
          resolve();
        },
        onResponseData: (controller, chunk) => {
          meter.bytes += chunk.length;
          if (response.write(chunk)) return;
          controller.pause();
          response.once('drain', () => controller.resume());
        },
        onResponseEnd: () => response.end(),
        onResponseError: (_, error) => {
          if (response.headersSent) cut(request, response);
          else {
            response.off('close', onGone);
            reject(error);
          }
        },
      },
    );
  });
}

/** What is counted by its connection elsewhere is counted here for HTTP/2, whose connections have many requests at once. */
const bodyOf = (request: IncomingMessage, meter: Meter): IncomingMessage | Readable =>
  isHttp2(request) && request.headers['content-length'] === undefined
    ? Readable.from(counted(request, meter))
    : request;

async function* counted(request: IncomingMessage, meter: Meter): AsyncGenerator<Buffer> {
  meter.received = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    meter.received += chunk.length;
    yield chunk;
  }
}

/** A kept connection that the upstream closed while the request was on its way. */
const isLostConnection = (error: unknown): boolean => ['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE'].includes(codeOf(error));

const codeOf = (error: unknown): string => (error as { code?: string } | undefined)?.code ?? '';

const TIMED_OUT = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'UND_ERR_CONNECT_TIMEOUT', 'ETIMEDOUT']);
const VIOLATED = new Set(['UND_ERR_HEADERS_OVERFLOW', 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'UND_ERR_INVALID_ARG']);
/** No connection came about, be it for its certificate. */
const FAILED =
  /^(?:ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO)/;

/** What a failure of an upstream is to the client; which address failed and how is not its business. */
export function upstreamFault(error: unknown): Fault {
  if (error instanceof Fault) return error;
  return Object.assign(new Fault(faultNameOf(error, codeOf(error))), { cause: error });
}

function faultNameOf(error: unknown, code: string): FaultName {
  if (TIMED_OUT.has(code)) return 'connectionTimedOut';
  if (VIOLATED.has(code) || (error as Error).name === 'HTTPParserError') return 'protocolViolated';
  return FAILED.test(code) ? 'connectionFailed' : 'connectionClosed';
}
