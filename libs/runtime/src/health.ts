import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** `degraded` still answers requests, with something known to be missing. */
export type State = 'ready' | 'degraded' | 'not ready';

/** What a part of a service says of itself: true, false, a state, or that of a feed's follower. */
export type Check = () => Said | Promise<Said>;
type Said = boolean | State | 'current' | 'starting';
export type Checks = Readonly<Record<string, Check>>;

export interface Readiness {
  status: State;
  checks: Record<string, State>;
}

/** How long a check may take, milliseconds. */
const LIMIT = 1000;

/** Asks every check; the worst answer is the status. One that fails or takes over a second is not ready. */
export async function readiness(checks: Checks): Promise<Readiness> {
  const asked = Object.entries(checks).map(async ([name, check]) => [name, await ask(check)] as const);
  const answers = Object.fromEntries(await Promise.all(asked));
  return { status: worst(Object.values(answers)), checks: answers };
}

/** What `/health/live` and `/health/ready` answer, and `undefined` for every other path. */
export async function health(
  path: string,
  ready: () => Readiness | Promise<Readiness>,
): Promise<{ status: 200 | 503; body: object } | undefined> {
  // Whoever gets this far has an event loop that turns.
  if (path === '/health/live') return { status: 200, body: { status: 'live' } };
  if (path !== '/health/ready') return undefined;
  const body = await ready();
  return { status: body.status === 'not ready' ? 503 : 200, body };
}

/** A listener of its own for the two, plain HTTP and without anything secret. */
export async function startHealth(ready: () => Readiness | Promise<Readiness>, port: number, host = '0.0.0.0') {
  const server = createServer((request, response) => {
    const path = request.method === 'GET' || request.method === 'HEAD' ? (request.url ?? '').split('?')[0] : '';
    void health(path ?? '', ready)
      .catch(() => ({ status: 503 as const, body: { status: 'not ready' } }))
      .then((answer) => {
        response.writeHead(answer?.status ?? 404, { 'content-type': 'application/json', 'cache-control': 'no-store' });
        response.end(JSON.stringify(answer?.body ?? { status: 'not found' }));
      });
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve));
  return {
    port: (server.address() as AddressInfo).port,
    close: async (): Promise<void> => {
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function ask(check: Check): Promise<State> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<false>((resolve) => (timer = setTimeout(resolve, LIMIT, false)));
  try {
    return stateOf(await Promise.race([check(), late]));
  } catch {
    return 'not ready';
  } finally {
    clearTimeout(timer);
  }
}

function stateOf(said: Said): State {
  if (said === true || said === 'current') return 'ready';
  return said === false || said === 'starting' ? 'not ready' : said;
}

const worst = (states: State[]): State =>
  (['not ready', 'degraded'] as const).find((state) => states.includes(state)) ?? 'ready';
