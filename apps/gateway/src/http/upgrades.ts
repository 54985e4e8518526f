import { ServerResponse, type IncomingMessage, type Server } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

/** A connection that is to become a WebSocket, and what has followed its request already. */
export interface Upgrade {
  socket: Socket;
  head: Buffer;
}

const asked = new WeakMap<IncomingMessage, Upgrade>();

/** The connection of a request for a WebSocket (RFC 6455 §4.2.1). */
export const upgradeOf = (request: IncomingMessage): Upgrade | undefined => asked.get(request);

/**
 * Lets requests for WebSockets take the way of all others, so that they are located, checked and refused like them. What asks
 * for another protocol is answered as if it had not (RFC 9110 §7.8), and is the last on its connection.
 */
export function serveUpgrades(server: Server, fastify: FastifyInstance): void {
  server.on('upgrade', (request: IncomingMessage, stream, head: Buffer) => {
    const socket = stream as Socket;
    socket.on('error', () => socket.destroy());
    if (isWebSocket(request)) asked.set(request, { socket, head });
    const response = new ServerResponse(request);
    response.shouldKeepAlive = false;
    response.assignSocket(socket);
    response.once('finish', () => socket.end());
    fastify.routing(request, response);
  });
}

const isWebSocket = ({ method, headers }: IncomingMessage): boolean =>
  method === 'GET' &&
  headers.upgrade?.toLowerCase() === 'websocket' &&
  headers['transfer-encoding'] === undefined &&
  (headers['content-length'] ?? '0') === '0';
