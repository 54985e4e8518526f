import { deployment } from '@keyward/testing';
import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A server behind an API. */
export interface Upstream {
  url: string;
  close: () => void;
}

/** Starts one on this machine. */
export async function startUpstream(answer: RequestListener = (_, response) => response.end('{}')): Promise<Upstream> {
  const server = createServer(answer);
  const [host, port] = await listen(server);
  return { url: `http://${host}:${port}`, close: () => end(server) };
}

/** Has a server listen where the deployment finds it: the host and port by which it does. */
export async function listen(server: Server): Promise<[host: string, port: number]> {
  const { host } = deployment().access;
  await once(server.listen(0, host === undefined ? '127.0.0.1' : undefined), 'listening');
  return [host ?? 'localhost', (server.address() as AddressInfo).port];
}

/** Closes a server with the connections that it has. */
export function end(server: Server): void {
  server.closeAllConnections();
  server.close();
}
