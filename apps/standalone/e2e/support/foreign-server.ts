import { deployment } from '@keyward/testing';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { text } from 'node:stream/consumers';
import { end, listen } from './upstream';

/** Somebody else's https server, which the deployment believes; `answers` may be changed as it runs. */
export interface ForeignServer {
  url: string;
  /** Path to what is answered there; 404 for what is not here. */
  answers: Record<string, { status?: number; headers?: Record<string, string>; body?: string; hangs?: boolean }>;
  /** The paths that were asked for. */
  asked: string[];
  /** What was posted, and how it called itself; the newest last. */
  posted: { url: string; type: string; body: string }[];
  close: () => void;
}

/** Starts one on this machine. */
export async function foreignServer(): Promise<ForeignServer> {
  const { trusted } = deployment().access;
  if (!trusted)
    throw new Error(
      'A deployment at BASE_URL fetches from this machine where KEYWARD_TEST_HOST and its certificate are given.',
    );
  const server: Omit<ForeignServer, 'url' | 'close'> = { answers: {}, asked: [], posted: [] };
  const listener = createServer(
    { cert: readFileSync(trusted.certFile), key: readFileSync(trusted.keyFile) },
    (request, response) => {
      const { url = '', method, headers: sent } = request;
      const answer = async () => {
        if (method === 'POST') {
          const posted = { url, type: sent['content-type'] ?? '', body: await text(request) };
          server.posted.push(posted);
        }
        server.asked.push(url);
        const { status, headers, body, hangs } = server.answers[url] ?? { status: 404 };
        if (hangs) return;
        response.writeHead(status ?? 200, { 'content-type': 'application/json', ...headers }).end(body);
      };
      void answer();
    },
  );
  const [host, port] = await listen(listener);
  return Object.assign(server, { url: `https://${host}:${port}`, close: () => end(listener) });
}
