import httpProxy from '@fastify/http-proxy';
import fastify, { type FastifyRequest } from 'fastify';
import { createRemoteJWKSet, customFetch, jwtVerify } from 'jose';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { createServer } from 'node:https';
import type { TLSSocket } from 'node:tls';
import { Agent, fetch as undiciFetch } from 'undici';
import type { Made } from './certificates';
import { end, listen } from './upstream';

/** A server that asks its clients for certificates, takes any, and leaves it to others what they are worth. */
const ASKING = { requestCert: true, rejectUnauthorized: false };

/** What a client has shown that it has the key of; empty for none. */
const shownBy = (socket: unknown): Buffer => (socket as TLSSocket).getPeerCertificate().raw ?? Buffer.alloc(0);

/** A proxy that terminates TLS in front of a gateway. */
export interface TlsFront {
  url: string;
  /** Where the gateway is; it may be known later. */
  upstream: string;
  close: () => Promise<void>;
}

/** Starts one as an operator would: it tells the certificate in `Client-Cert` (RFC 9440), and nobody else does. */
export async function startTlsFront({ certFile, keyFile }: { certFile: string; keyFile: string }): Promise<TlsFront> {
  const app = fastify({ https: { cert: readFileSync(certFile), key: readFileSync(keyFile), ...ASKING } });
  const front: TlsFront = { url: '', upstream: '', close: () => app.close() };
  await app.register(httpProxy, {
    upstream: '',
    // It is on the same machine.
    undici: { connect: { rejectUnauthorized: false } },
    replyOptions: {
      getUpstream: () => front.upstream,
      rewriteRequestHeaders: (request, said) => {
        const { ip, socket } = request as unknown as FastifyRequest;
        const headers: IncomingHttpHeaders = { ...said, 'x-forwarded-for': ip };
        delete headers['client-cert'];
        const shown = shownBy(socket);
        return shown.length > 0 ? { ...headers, 'client-cert': `:${shown.toString('base64')}:` } : headers;
      },
    },
  });
  front.url = (await app.listen({ port: 0, host: '127.0.0.1' })).replace('127.0.0.1', 'localhost');
  return front;
}

/** `fetch` as a client with this certificate does it; of one without, when there is none. */
export function fetchBy(ca: string, shown?: Pick<Made, 'cert' | 'key'>) {
  const dispatcher = new Agent({ connect: { ca, cert: shown?.cert, key: shown?.key } });
  const by = (url: string, options: object = {}): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
  return Object.assign(by, { close: () => dispatcher.close() });
}

/** Somebody else's API, which takes tokens of one issuer that are bound to the certificate of whoever sends them (RFC 8705 §3). */
export async function boundResource(issuer: string, jwksUri: string, files: { certFile: string; keyFile: string }) {
  const ca = readFileSync(files.certFile, 'utf8');
  const fetching = fetchBy(ca);
  const keys = createRemoteJWKSet(new URL(jwksUri), { [customFetch]: fetching });
  const server = createServer({ cert: ca, key: readFileSync(files.keyFile), ...ASKING }, (request, response) => {
    const answer = async () => {
      const token = request.headers.authorization?.replace('Bearer ', '') ?? '';
      const options = { issuer, audience: `${issuer}/api`, typ: 'at+jwt' };
      const { cnf } = (await jwtVerify(token, keys, options)).payload as { cnf?: Record<string, string> };
      const shown = createHash('sha256').update(shownBy(request.socket)).digest('base64url');
      return cnf?.['x5t#S256'] === shown ? 200 : 401;
    };
    void answer().then(
      (status) => response.writeHead(status).end(),
      () => response.writeHead(401).end(),
    );
  });
  const [host, port] = await listen(server);
  const close = async () => {
    end(server);
    await fetching.close();
  };
  return { url: `https://${host}:${port}`, close };
}
