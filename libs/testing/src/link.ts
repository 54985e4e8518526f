import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** A TCP link to a server that a test can cut or hold up for whoever uses it, and for nobody else. */
export interface Link {
  url: string;
  /** Ends every connection and lets none begin. */
  cut(): void;
  /** Nothing passes any more, though every connection stays. */
  hold(): void;
  /** As it was before. */
  restore(): void;
  close(): Promise<void>;
}

/** A link to a URL with host and port. */
export async function startLink(to: string): Promise<Link> {
  const { protocol, hostname, port } = new URL(to);
  const peers = new Map<Socket, Socket>();
  let state: 'whole' | 'held' | 'cut' = 'whole';
  const server = createServer((near) => {
    if (state === 'cut') return void near.destroy();
    const far = connect(Number(port), hostname);
    for (const [from, into] of [
      [near, far],
      [far, near],
    ] as const) {
      peers.set(from, into);
      from.on('error', () => undefined);
      from.on('close', () => (peers.delete(from), into.destroy()));
      from.pipe(into);
      if (state === 'held') from.unpipe(into).pause();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const each = (work: (socket: Socket, peer: Socket) => unknown) => {
    for (const [socket, peer] of peers) work(socket, peer);
  };
  const cut = () => {
    state = 'cut';
    each((socket) => socket.destroy());
  };
  return {
    url: `${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut,
    hold: () => {
      state = 'held';
      each((socket, peer) => socket.unpipe(peer).pause());
    },
    restore: () => {
      state = 'whole';
      each((socket, peer) => socket.pipe(peer));
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
