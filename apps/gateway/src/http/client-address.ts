import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

/**
 * The client's address as far as it can be trusted: Fastify walks `X-Forwarded-For` back through the trusted proxies.
 * What is not an address there does not count, the proxy that passed it on does: a limit is never skipped.
 */
export function clientAddress(request: FastifyRequest): string {
  const hops = request.ips ?? [request.ip];
  return hops.map(plain).findLast((address) => isIP(address) !== 0) ?? '0.0.0.0';
}

/** Without an IPv6 zone, and IPv4 as such where the listener is IPv6. */
const plain = (address = ''): string => address.replace(/%.*$/, '').replace(/^::ffff:(?=\d+\.)/i, '');
