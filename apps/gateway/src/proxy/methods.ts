import type { IncomingMessage, OutgoingHttpHeaders } from 'node:http';
import { isPreflight, preflightHeaders } from './cors';
import { Fault } from './fault';
import { methodsOf, resourceOf } from './route-table';
import type { Located } from './visit';

/** `OPTIONS` that the API does not list: for browsers, and for whoever asks what there is. Needs no token. */
export function answerOptions(request: IncomingMessage, { api, rest }: Located): OutgoingHttpHeaders | undefined {
  if (request.method !== 'OPTIONS' || api.state === 'BLOCKED' || resourceOf(api, 'OPTIONS', rest)) return undefined;
  const methods = [...methodsOf(api, rest), 'OPTIONS'];
  if (methods.length === 1) throw new Fault('unknownResource');
  return isPreflight(request) ? preflightHeaders(api, request, methods) : { allow: methods.join(', ') };
}

/** The fault of a request that no resource is for: another method would be, or none (RFC 9110 §15.5.6). */
export function nothingFor({ api, rest }: Located): Fault {
  const methods = methodsOf(api, rest);
  return methods.length === 0
    ? new Fault('unknownResource')
    : new Fault('wrongMethod', { allow: [...methods, 'OPTIONS'].join(', ') });
}
