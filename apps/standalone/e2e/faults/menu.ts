import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Processes, SendOptions } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';

/** Its API is called through every gateway, with tokens of its users. */
export const ORG = 'revoking';
export let processes: Processes;
let upstream: Server;
/** Of the client that the tokens are of. */
export let basic: [string, string];
let operator: string;

/** A request to the management API by the operator. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the spec looks into whatever came
export async function manage(method: SendOptions['method'], path: string, json?: object): Promise<any> {
  const answer = await processes.deployment.send(`/api/v1/organizations${path}`, { method, bearer: operator, json });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The API behind every gateway, called with a token. */
export const statuses = (bearer: string): Promise<number[]> =>
  Promise.all(
    processes.gatewayUrls.map(async (url) => {
      const answer = await processes.deployment.send(`${url}/t/${ORG}/menu/1/x`, { bearer });
      return answer.status;
    }),
  );
/** That status, of every gateway. */
export const all = (status: number) => processes.gatewayUrls.map(() => status);

/** Waits for as long as a test may; how long it took, milliseconds. */
export async function until(expected: number[], bearer: string): Promise<number> {
  const start = performance.now();
  while ((await statuses(bearer)).join() !== expected.join()) await pause(20);
  return Math.round(performance.now() - start);
}

/** A figure for whoever reads the run: what is measured on a busy machine is not asserted. */
export const tell = (what: string, ms: number) =>
  process.stdout.write(`    ${what}: refused by every gateway after ${ms} ms\n`);

/** What a user got. */
export interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** Tokens of a user made for it, let through by every gateway. */
export async function signIn(username: string): Promise<Tokens> {
  const { password } = await manage('POST', `/${ORG}/users`, { username });
  const form = { grant_type: 'password', username: `${username}@${ORG}`, password };
  let tokens: Tokens | undefined;
  while (!tokens) {
    const { status, body } = await processes.deployment.send('/token', { form, basic });
    if (status === 200) tokens = body as Tokens;
    else await pause(50);
  }
  await until(all(200), tokens.access_token);
  return tokens;
}
/** Ends a token by RFC 7009. */
export const revoke = (token: string) => processes.deployment.send('/revoke', { form: { token }, basic });

/** Makes the organization, its client and its API in a deployment. */
export async function openMenu(started: Processes): Promise<void> {
  upstream = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  processes = started;
  const { admin } = processes.access.demo;
  const form = {
    grant_type: 'password',
    username: admin.username,
    password: admin.password,
    scope: 'keyward:manage',
  };
  const asOperator: [string, string] = [admin.consumerKey, admin.consumerSecret];
  operator = (await processes.deployment.send('/token', { form, basic: asOperator })).body.access_token as string;

  await manage('POST', '', { key: ORG });
  await manage('POST', `/${ORG}/applications`, { name: 'shop' });
  const { key, consumerSecret } = await manage('POST', `/${ORG}/applications/shop/keys`, { kind: 'production' });
  basic = [key.consumerKey, consumerSecret];
  await manage('POST', `/${ORG}/apis`, {
    ...{ name: 'menu', version: '1', context: '/menu' },
    upstreams: { production: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` },
    resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: [] }],
  });
  await manage('POST', `/${ORG}/apis/menu/state`, { state: 'PUBLISHED' });
  await manage('POST', `/${ORG}/subscriptions`, { application: 'shop', api: 'menu' });
}

/** Ends its upstream. */
export function closeMenu(): void {
  upstream.closeAllConnections();
  upstream.close();
}
