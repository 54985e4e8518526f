import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import type { Dispatcher } from 'undici';
import { hasBody } from '../http/has-body';
import { cut, isGone, isHttp2 } from '../http/http2';
import { Fault } from './fault';
import { responseHeaders } from './response-headers';
import type { Transfer } from './slow-clients';
import type { Lane } from './turns';
import { isLostConnection, upstreamFault } from './upstream-fault';
import type { Upstreams } from './upstreams';

/** A request that may pass. */
export interface Forwarded {
  origin: string;
  /** Whose turn it takes. */
  lane: Lane;
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
  /** The same of a request's body. */
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
  upstreams: Upstreams,
  request: IncomingMessage,
  response: ServerResponse,
  forwarded: Forwarded,
): Promise<void> {
  const turn = upstreams.turns.take(forwarded.lane);
  if (turn) await turn;
  let isOver = false;
  const over = () => {
    if (!isOver) upstreams.turns.leave(forwarded.lane);
    isOver = true;
  };
  try {
    await attempt(upstreams, request, response, forwarded, over);
  } catch (error) {
    const mayRepeat = REPEATABLE.has(request.method ?? '') && !hasBody(request) && isLostConnection(error);
    if (mayRepeat && !isGone(request, response))
      await attempt(upstreams, request, response, forwarded, over).catch((again: unknown) => {
        over();
        throw upstreamFault(again);
      });
    else {
      over();
      throw upstreamFault(error);
    }
  }
}

/** `over` hears that the upstream is free again, unless this rejects. */
function attempt(
  { agent, turns, slowClients }: Upstreams,
  request: IncomingMessage,
  response: ServerResponse,
  { origin, lane, path, headers, authenticated, own, meter }: Forwarded,
  over: () => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let current: Dispatcher.DispatchController | undefined;
    let transfer: Transfer | undefined;
    let hasLeft = false;
    const onGone = () => {
      hasLeft = true;
      if (!response.writableEnded) current?.abort(new Error('the client is gone'));
      resolve();
    };
    const watched = (): Transfer => {
      if (transfer) return transfer;
      const giveUp = (fault: Fault) => current?.abort(fault);
      transfer = { request, received: 0, isFull: false, isAwaited: () => turns.isAwaited(lane), giveUp };
      slowClients.watch(transfer);
      return transfer;
    };
    const end = () => {
      if (transfer) slowClients.forget(transfer);
      over();
    };
    const isStreamed = request.headers.accept?.includes('text/event-stream') ?? false;
    const method = request.method ?? 'GET';
    const body = hasBody(request) ? request : null;
    response.once('close', onGone);
    agent.dispatch(
      // An event stream may be silent for long.
      { origin, path, method, headers, body, bodyTimeout: isStreamed ? 0 : null },
      {
        onRequestStart: (controller) => {
          current = controller;
          if (isGone(request, response)) controller.abort(new Error('the client is gone'));
          else if (body) measure(body, watched(), meter);
        },
        onResponseStart: (controller, status, answered) => {
          if (status < 200) return;
          // Node's HTTP/2 has no word for what is no class (RFC 9110 §15). What is thrown here ends up as an error below.
          if (status > 599 && isHttp2(request)) throw new Fault('protocolViolated');
          response.writeHead(status, responseHeaders(status, answered, own, authenticated));
          // They have no body whatever they say of its length (RFC 9110 §6.4.1), which undici takes for a broken one.
          if (status === 204 || status === 304) response.end();
          else if (isStreamed) response.flushHeaders();
          resolve();
        },
        onResponseData: (controller, chunk) => {
          meter.bytes += chunk.length;
          if (response.write(chunk)) return;
          controller.pause();
          const full = watched();
          full.isFull = true;
          response.once('drain', () => {
            full.isFull = false;
            controller.resume();
          });
        },
        onResponseEnd: () => {
          end();
          response.end();
        },
        onResponseError: (_, error) => {
          if (transfer) slowClients.forget(transfer);
          if (response.headersSent || hasLeft) {
            over();
            if (!response.writableEnded) cut(request, response);
            resolve();
          } else {
            response.off('close', onGone);
            reject(error);
          }
        },
      },
    );
  });
}

/** Listens together with undici, in the same turn of the loop: nothing is lost. */
function measure(body: IncomingMessage, transfer: Transfer, meter: Meter): void {
  meter.received = 0;
  body.on('data', (chunk: Buffer) => {
    transfer.received += chunk.length;
    meter.received = transfer.received;
  });
}
