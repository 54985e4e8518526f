import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http';
import { ServiceError, type CompatibilityProfile } from '@keyward/contracts';
import { hasBody } from '../http/has-body';
import { cut, endWithAnswer, streamOf } from '../http/http2';
import { Fault, headersOf } from './fault';
import { bodyOf } from './fault-body';

/** The fault that an error is; `undefined` for one that was not foreseen. */
export function faultOf(error: unknown): Fault | undefined {
  if (error instanceof Fault) return error;
  if (error instanceof ServiceError && error.code === 'temporarily_unavailable') return new Fault('unavailable');
  return undefined;
}

/** A body that is left unread is not waited for: it may be endless. */
const UNREAD_BYTES = 64 * 1024;

/** Answers with a fault, as long as nothing has been answered. */
export function refuse(
  request: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
  own: OutgoingHttpHeaders,
  profile?: CompatibilityProfile,
): void {
  if (response.headersSent || response.destroyed) {
    cut(request, response);
    return;
  }
  // What an answer has said that could not be sent.
  for (const name of response.getHeaderNames()) response.removeHeader(name);
  const { type, text } = bodyOf(fault, profile, request.headers.accept);
  const length = Number(request.headers['content-length'] ?? Infinity);
  const isAwaited = length <= UNREAD_BYTES && fault.name !== 'slowClient';
  const isUnread = hasBody(request) && !request.complete && !isAwaited;
  const stream = streamOf(request);
  if (stream && isUnread) endWithAnswer(stream, response);
  response
    .writeHead(fault.reason.status, {
      ...own,
      'cache-control': 'no-store',
      pragma: 'no-cache',
      'content-type': type,
      ...headersOf(fault),
      'content-length': Buffer.byteLength(text),
      ...(isUnread && !stream && { connection: 'close' }),
    })
    .end(request.method === 'HEAD' ? undefined : text);
}
