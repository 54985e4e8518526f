import type { Server } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import type { INestApplication } from '@nestjs/common';
import type { Http2Sessions } from './http2';

/** How long answers ask for their connection to be closed before that is done, milliseconds. */
const LINGER_MS = 500;
/** How long requests in hand may take then, milliseconds. */
const DRAIN_MS = 5000;
const SWEEP_MS = 50;

/**
 * Loses no request: for a moment all are still served with `Connection: close`, so that clients in the middle of their work
 * leave by themselves; then nothing new is taken, and a connection is closed when its last answer is out.
 */
export async function closeGently(
  app: INestApplication,
  plain: Server | undefined,
  http2?: Http2Sessions,
): Promise<void> {
  http2?.close();
  const servers = [app.getHttpServer() as Server, ...(plain ? [plain] : [])];
  for (let left = LINGER_MS; left > 0 && (await anyConnection(servers)); left -= SWEEP_MS) await delay(SWEEP_MS);
  const sweep = setInterval(() => servers.forEach((server) => server.closeIdleConnections()), SWEEP_MS);
  const limit = setTimeout(() => {
    http2?.destroy();
    servers.forEach((server) => server.closeAllConnections());
  }, DRAIN_MS);
  try {
    await Promise.all([app.close(), plain && new Promise((resolve) => plain.close(resolve))]);
  } finally {
    clearInterval(sweep);
    clearTimeout(limit);
  }
}

async function anyConnection(servers: Server[]): Promise<boolean> {
  const counts = servers.map(
    (server) => new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count ?? 0))),
  );
  return (await Promise.all(counts)).some((count) => count > 0);
}
