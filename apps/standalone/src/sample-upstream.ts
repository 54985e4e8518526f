import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { join } from 'node:path';

/** What is behind the demo organization's API. */
export interface SampleUpstream {
  url: string;
  close: () => void;
}

/** A menu that can be read and changed. */
const menu = [
  { name: 'Margherita', price: 9 },
  { name: 'Quattro formaggi', price: 12 },
];

/** Starts it on this machine alone, on the port of the last start in this home, where the API looks for it. */
export async function startSampleUpstream(home: string, warn: (text: string) => void): Promise<SampleUpstream> {
  const file = join(home, 'sample-upstream.port');
  const last = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      const done = request.method === 'PUT' ? { updated: true } : { menu };
      response.setHeader('content-type', 'application/json').end(`${JSON.stringify(done)}\n`);
    });
  });
  const port = await listen(server, last).catch((error: unknown) => {
    warn(`the sample upstream does not start, port ${last} is taken (${(error as NodeJS.ErrnoException).code ?? ''})`);
    return last;
  });
  writeFileSync(file, String(port));
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const listen = (server: Server, port: number): Promise<number> =>
  new Promise((resolve, reject) =>
    server.once('error', reject).listen(port, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
  );
