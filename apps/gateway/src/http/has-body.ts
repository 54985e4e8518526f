import type { IncomingMessage } from 'node:http';
import { streamOf } from './http2';

/** Whether a request has a body (RFC 9112 §6, RFC 9113 §8.1). */
export function hasBody(request: IncomingMessage): boolean {
  const stream = streamOf(request);
  if (stream) return !stream.endAfterHeaders;
  const { headers } = request;
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}
