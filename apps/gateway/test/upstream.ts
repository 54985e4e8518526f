import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** A request as it reached an upstream. */
export interface Reached {
  method: string;
  url: string;
  headers: IncomingMessage['headers'];
  /** Names as they were sent. */
  rawHeaders: string[];
  body: string;
}

/** An HTTP server behind the gateway. */
export interface Upstream {
  url: string;
  port: number;
  /** What has reached it. */
  reached: Reached[];
  /** What it does with a request; by default it says what reached it. */
  on: (answer: (request: IncomingMessage, response: ServerResponse) => void) => void;
  sockets: Set<Socket>;
  server: Server;
  close(): Promise<void>;
}

/** Starts one on a free port. */
export async function startUpstream(): Promise<Upstream> {
  const reached: Reached[] = [];
  const sockets = new Set<Socket>();
  let answer: ((request: IncomingMessage, response: ServerResponse) => void) | undefined;
  const server = createServer((request, response) => {
    if (answer) {
      answer(request, response);
      return;
    }
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { method = '', url = '', headers, rawHeaders } = request;
      reached.push({ method, url, headers, rawHeaders, body });
      response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, url, body }));
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, port, reached, sockets, server },
    on: (next) => (answer = next),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close').catch(() => undefined);
    },
  };
}
