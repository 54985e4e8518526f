import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeCertificate } from '@keyward/testing';

/** Somebody else's server that publishes keys; `answers` may be changed as it runs. */
export class KeyServer {
  /** Path to the body that is answered there, or to what it waits for; 404 for what is not here. */
  readonly answers: Record<string, string | Promise<string>> = {};
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  url = '';
  caFile = '';
  private directory = '';
  private server?: Server;

  async start(): Promise<this> {
    this.directory = await mkdtemp(join(tmpdir(), 'keys-'));
    const { certFile, keyFile } = await writeCertificate(this.directory);
    this.caFile = certFile;
    this.server = createServer(
      { cert: await readFile(certFile), key: await readFile(keyFile) },
      (request, response) => {
        const path = request.url ?? '';
        this.asked.push(path);
        void Promise.resolve(this.answers[path]).then((body) => response.writeHead(body ? 200 : 404).end(body));
      },
    );
    await once(this.server.listen(0, '127.0.0.1'), 'listening');
    this.url = `https://localhost:${(this.server.address() as AddressInfo).port}`;
    return this;
  }

  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    this.server?.close();
    await rm(this.directory, { recursive: true, force: true });
  }
}
