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
 * for another protocol is read again without that, as if it had not asked (RFC 9110 §7.8): some clients do with every request.
 */
export function serveUpgrades(server: Server, fastify: FastifyInstance): void {
  server.on('upgrade', (request: IncomingMessage, stream, head: Buffer) => {
    const socket = stream as Socket;
    if (!isWebSocket(request)) {
      socket.unshift(Buffer.concat([withoutUpgrade(request), head]));
      server.emit('secureConnection', socket);
      return;
    }
    socket.on('error', () => socket.destroy());
    asked.set(request, { socket, head });
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

/** The head of a request as it came, but for what it asks its connection to become. */
function withoutUpgrade({ method = '', url = '', httpVersion, rawHeaders }: IncomingMessage): Buffer {
  let text = `${method} ${url} HTTP/${httpVersion}\r\n`;
  for (let n = 0; n < rawHeaders.length; n += 2) {
    const [name = '', value = ''] = rawHeaders.slice(n, n + 2);
    const kept = name.toLowerCase() === 'connection' ? withoutOption(value) : value;
    if (name.toLowerCase() !== 'upgrade') text += `${name}: ${kept}\r\n`;
  }
  // As the parser has read it: a byte for a character.
  return Buffer.from(`${text}\r\n`, 'latin1');
}

const withoutOption = (connection: string): string =>
  connection
    .split(',')
    .filter((option) => option.trim().toLowerCase() !== 'upgrade')
    .join(',');
