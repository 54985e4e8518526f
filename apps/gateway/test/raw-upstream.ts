import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';

export type RawUpstream = Awaited<ReturnType<typeof rawUpstream>>;

/** An upstream that answers every connection with bytes of a test's own. */
export async function rawUpstream(answer: (socket: Socket, head: string) => void) {
  const heads: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).on('close', () => sockets.delete(socket));
    socket.on('data', (chunk: Buffer) => {
      heads.push(chunk.toString('latin1'));
      answer(socket, chunk.toString('latin1'));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    ...{ url: `http://127.0.0.1:${port}`, heads, sockets },
    close: () => {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}
