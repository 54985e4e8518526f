import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Logger } from '@keyward/runtime';
import type { FastifyInstance } from 'fastify';
import type { GatewayConfig } from '../config';
import { answerParseError, refuseExpectations } from './early-answers';
import { LIMITS } from './limits';

/** Plain HTTP beside HTTPS where an operator asks for it, for development: never in production (X-01). */
export async function listenPlain(
  { process: { production }, server: { plainPort, host } }: GatewayConfig,
  fastify: FastifyInstance,
  logger: Logger,
): Promise<Server | undefined> {
  if (plainPort === undefined) return undefined;
  if (production) {
    logger.warn('HTTP_PORT is not used: tokens are never served over plain HTTP in production');
    return undefined;
  }
  const server = createServer(LIMITS, (request, response) => fastify.routing(request, response));
  server.on('clientError', answerParseError);
  refuseExpectations(server);
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(plainPort, host, resolve));
  return server;
}

/** The address a server was given, as a URL. */
export function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `https://${family === 'IPv6' ? `[${address}]` : address}:${port}`;
}
