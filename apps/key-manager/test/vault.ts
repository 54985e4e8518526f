import { createCipheriv, createDecipheriv, randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { writeCertificate } from '@keyward/testing';

interface Asked {
  plaintext?: string;
  ciphertext?: string;
  associated_data?: string;
  role_id?: string;
  secret_id?: string;
  role?: string;
  jwt?: string;
}

type Answer = [status: number, body: object];
const failure = (status: number, ...errors: string[]): Answer => [status, { errors }];

/**
 * Somebody else's system: a server that does what the documentation of Vault's HTTP API says of transit/encrypt, transit/decrypt and the
 * sign-ins by AppRole and Kubernetes, with keys that it does not give away. Vault itself can be had from no package registry.
 */
export class VaultServer {
  /** May be changed: what a client shows to be let in. */
  readonly appRole = { role_id: randomUUID(), secret_id: randomUUID() };
  readonly serviceAccount = { role: 'keyward', jwt: randomUUID() };
  readonly rootToken = `hvs.${randomUUID()}`;
  /** How long a token of a sign-in lives, seconds. */
  leaseSeconds = 3600;
  /** A sealed Vault answers 503. */
  sealed = false;
  /** What it answers instead, while it cannot. */
  status?: number;
  /** The paths that were asked for. */
  readonly asked: string[] = [];
  /** Those of the last request. */
  headers: IncomingHttpHeaders = {};
  url = '';
  caFile = '';
  private readonly tokens = new Set([this.rootToken]);
  private readonly versions = [randomBytes(32)];
  private server?: Server;
  private directory = '';
  private port = 0;

  constructor(
    readonly mount = 'transit',
    readonly key = 'keyward',
  ) {}

  /** On the same port as before, where it has listened before. */
  async start(): Promise<this> {
    this.directory ||= await mkdtemp(join(tmpdir(), 'vault-'));
    const { certFile, keyFile } = this.caFile
      ? { certFile: this.caFile, keyFile: join(this.directory, 'certificate.key.pem') }
      : await writeCertificate(this.directory);
    this.server = createServer(
      { cert: await readFile(certFile), key: await readFile(keyFile) },
      (request, response) => {
        void text(request).then((body) => {
          const path = (request.url ?? '').replace('/v1/', '');
          this.asked.push(path);
          this.headers = request.headers;
          const [status, answer] = this.answer(path, request.headers['x-vault-token'], JSON.parse(body) as Asked);
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
        });
      },
    );
    await once(this.server.listen(this.port, '127.0.0.1'), 'listening');
    this.port = (this.server.address() as AddressInfo).port;
    this.caFile = certFile;
    this.url = `https://localhost:${this.port}`;
    return this;
  }

  /** Away, as when its machine is: nobody answers there. */
  async stop(): Promise<void> {
    this.server?.closeAllConnections();
    await new Promise((resolve) => this.server?.close(resolve));
  }

  async close(): Promise<void> {
    if (this.server?.listening) await this.stop();
    await rm(this.directory, { recursive: true, force: true });
  }

  /** `vault write -f transit/keys/…/rotate` */
  rotate(): void {
    this.versions.push(randomBytes(32));
  }

  /** Whoever has signed in must do it again. */
  revokeTokens(): void {
    this.tokens.clear();
    this.tokens.add(this.rootToken);
  }

  private answer(path: string, token: string | string[] | undefined, asked: Asked): Answer {
    if (this.sealed) return failure(503, 'Vault is sealed');
    if (this.status) return failure(this.status);
    if (path.startsWith('auth/')) return this.login(path, asked);
    if (typeof token !== 'string' || !this.tokens.has(token)) return failure(403, 'permission denied');
    const aad = Buffer.from(asked.associated_data ?? '', 'base64');
    if (path === `${this.mount}/encrypt/${this.key}`) return [200, { data: this.encrypt(asked.plaintext ?? '', aad) }];
    if (path === `${this.mount}/decrypt/${this.key}`) return this.decrypt(asked.ciphertext ?? '', aad);
    return failure(404);
  }

  private login(path: string, asked: Asked): Answer {
    const { appRole, serviceAccount } = this;
    const isRight =
      path === 'auth/approle/login'
        ? asked.role_id === appRole.role_id && asked.secret_id === appRole.secret_id
        : path === 'auth/kubernetes/login' && asked.role === serviceAccount.role && asked.jwt === serviceAccount.jwt;
    if (!isRight) return failure(400, 'invalid role or secret ID');
    const token = `hvs.${randomUUID()}`;
    this.tokens.add(token);
    return [200, { auth: { client_token: token, lease_duration: this.leaseSeconds, renewable: true } }];
  }

  private encrypt(plaintext: string, aad: Buffer): object {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.versions.at(-1)!, nonce).setAAD(aad);
    const box = Buffer.concat([
      nonce,
      cipher.update(Buffer.from(plaintext, 'base64')),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    const version = this.versions.length;
    return { ciphertext: `vault:v${version}:${box.toString('base64')}`, key_version: version };
  }

  private decrypt(ciphertext: string, aad: Buffer): Answer {
    const [, version = '', base64 = ''] = /^vault:v(\d+):(.+)$/.exec(ciphertext) ?? [];
    const key = this.versions[Number(version) - 1];
    const box = Buffer.from(base64, 'base64');
    if (!key || box.length < 28) return failure(400, 'invalid ciphertext: no prefix');
    try {
      const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, 12), { authTagLength: 16 })
        .setAAD(aad)
        .setAuthTag(box.subarray(-16));
      const plaintext = Buffer.concat([decipher.update(box.subarray(12, -16)), decipher.final()]);
      return [200, { data: { plaintext: plaintext.toString('base64') } }];
    } catch {
      return failure(400, 'cipher: message authentication failed');
    }
  }
}
