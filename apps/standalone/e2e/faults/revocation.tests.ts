import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Processes, SendOptions } from '@keyward/testing';
import { decodeProtectedHeader } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Browser from '../support/browser';

const ORG = 'revoking';
/** Long enough for all that is asked of a gateway while it is cut off, on a slow machine too. */
export const DEGRADED_LIMIT_S = 15;
let processes: Processes;
let upstream: Server;
let basic: [string, string];
let operator: string;

/** A request to the management API by the operator. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- the spec looks into whatever came
async function manage(method: SendOptions['method'], path: string, json?: object): Promise<any> {
  const answer = await processes.deployment.send(`/api/v1/organizations${path}`, { method, bearer: operator, json });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.text}`);
  return answer.body;
}

/** The API behind every gateway, called with a token. */
const statuses = (bearer: string): Promise<number[]> =>
  Promise.all(
    processes.gatewayUrls.map(async (url) => {
      const answer = await processes.deployment.send(`${url}/t/${ORG}/menu/1/x`, { bearer });
      return answer.status;
    }),
  );
const all = (status: number) => processes.gatewayUrls.map(() => status);

/** Waits for as long as a test may; how long it took, milliseconds. */
async function until(expected: number[], bearer: string): Promise<number> {
  const start = performance.now();
  while ((await statuses(bearer)).join() !== expected.join()) await pause(20);
  return Math.round(performance.now() - start);
}

/** A figure for whoever reads the run: what is measured on a busy machine is not asserted. */
const tell = (what: string, ms: number) =>
  process.stdout.write(`    ${what}: refused by every gateway after ${ms} ms\n`);

interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** Tokens of a user made for it, let through by every gateway. */
async function signIn(username: string): Promise<Tokens> {
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
const revoke = (token: string) => processes.deployment.send('/revoke', { form: { token }, basic });

/** What is revoked is refused by every gateway, also by one that was cut off. */
export function revocation(started: () => Processes): void {
  describe('revocation', () => {
    beforeAll(async () => {
      upstream = createServer((_request, response) => response.end('{}')).listen(0, '127.0.0.1');
      await once(upstream, 'listening');
      processes = started();
      const { admin } = processes.access.demo;
      const signIn = {
        grant_type: 'password',
        username: admin.username,
        password: admin.password,
        scope: 'keyward:manage',
      };
      const asOperator: [string, string] = [admin.consumerKey, admin.consumerSecret];
      operator = (await processes.deployment.send('/token', { form: signIn, basic: asOperator })).body
        .access_token as string;

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
    });
    afterAll(() => {
      upstream.closeAllConnections();
      upstream.close();
    });

    describe('RV-12 abuse 47: every gateway refuses', () => {
      const ends: [string, (username: string, tokens: Tokens) => Promise<unknown>][] = [
        ['an access token that was revoked', (_, tokens) => revoke(tokens.access_token)],
        ['the access token of a refresh token that was', (_, tokens) => revoke(tokens.refresh_token)],
        [
          'of a user with another password',
          (username) => manage('POST', `/${ORG}/users/${username}/reset-password`, {}),
        ],
        [
          'of a user who is disabled',
          (username) => manage('PATCH', `/${ORG}/users/${username}`, { state: 'disabled' }),
        ],
        ['of a user who is deleted', (username) => manage('DELETE', `/${ORG}/users/${username}`)],
        ['of a user whose grants were all ended', (username) => manage('DELETE', `/${ORG}/users/${username}/grants`)],
        [
          'JK-06 whatever was signed with a key that is revoked',
          (_, tokens) =>
            manage('POST', `/${ORG}/signing-keys/${decodeProtectedHeader(tokens.access_token).kid}/revoke`),
        ],
      ];
      it.each(ends)('%s', async (what, end) => {
        const username = `user-${ends.findIndex(([, one]) => one === end)}`;
        const tokens = await signIn(username);
        await end(username, tokens);
        tell(what, await until(all(401), tokens.access_token));
      });

      it('of a session that has ended', async () => {
        // What the modules of the suite speak to, from when they are loaded.
        process.env['KEYWARD_DEPLOYMENT'] = JSON.stringify(processes.access);
        const { codeFor, REDIRECT_URI } = jest.requireActual<typeof Browser>('../support/browser');
        const settings = { kind: 'production', redirectUris: [REDIRECT_URI] };
        const { key, consumerSecret } = await manage('POST', `/${ORG}/applications/shop/keys`, settings);
        const username = 'of-a-session';
        const { user, password } = await manage('POST', `/${ORG}/users`, { username });
        const who = { id: user.id as string, username, loginName: `${username}@${ORG}`, password: password as string };
        const form = await codeFor(ORG, key as { consumerKey: string }, who);
        const asKey: [string, string] = [key.consumerKey, consumerSecret];
        const { access_token: token } = (await processes.deployment.send('/token', { form, basic: asKey }))
          .body as Tokens;
        await until(all(200), token);
        const { items } = await manage('GET', `/${ORG}/users/${username}/sessions`);
        await manage('DELETE', `/${ORG}/users/${username}/sessions/${items[0].id}`);
        tell('of a session that has ended', await until(all(401), token));
      });

      it('of a consumer key that is deleted', async () => {
        const { key, consumerSecret } = await manage('POST', `/${ORG}/applications/shop/keys`, { kind: 'production' });
        const asKey: [string, string] = [key.consumerKey, consumerSecret];
        const form = { grant_type: 'client_credentials' };
        let token: string | undefined;
        while (!token) token = (await processes.deployment.send('/token', { form, basic: asKey })).body.access_token;
        await until(all(200), token);
        await manage('DELETE', `/${ORG}/keys/${key.consumerKey}`);
        tell('of a consumer key that is deleted', await until(all(401), token));
      });

      it('of an organization that is suspended, until it is not', async () => {
        const { access_token: token } = await signIn('of-a-suspended-one');
        await manage('PATCH', `/${ORG}`, { state: 'suspended' });
        const start = performance.now();
        while ((await statuses(token)).includes(200)) await pause(20);
        tell('of an organization that is suspended', Math.round(performance.now() - start));
        await manage('PATCH', `/${ORG}`, { state: 'active' });
        await until(all(200), token);
      });

      it('of a consumer key that is disabled, until it is enabled', async () => {
        const { access_token: token } = await signIn('of-a-key');
        await manage('PATCH', `/${ORG}/keys/${basic[0]}`, { state: 'disabled' });
        while ((await statuses(token)).includes(200)) await pause(20);
        await manage('PATCH', `/${ORG}/keys/${basic[0]}`, { state: 'active' });
        await until(all(200), token);
      });
    });

    describe('C-61 when NATS was away, what was revoked before and is revoked next is refused', () => {
      it.each([
        ['stopped and started again', () => processes.nats.stop(), () => processes.nats.start()],
        ['hung', () => processes.nats.pause(), () => processes.nats.resume()],
      ])('%s', async (how, away, back) => {
        const [before, after] = [await signIn(`before-${how.length}`), await signIn(`after-${how.length}`)];
        await revoke(before.access_token);
        await until(all(401), before.access_token);
        away();
        expect(await statuses(before.access_token)).toEqual(all(401));
        await pause(3000); // so long that every gateway has missed heartbeats
        expect(await statuses(after.access_token)).toEqual(all(200));
        back();
        while ((await revoke(after.access_token)).status !== 200) await pause(50);
        tell(`after NATS was ${how}`, await until(all(401), after.access_token));
        expect(await statuses(before.access_token)).toEqual(all(401));
      });

      it('a gateway that starts anew refuses it from its first answer', async () => {
        const { access_token: token } = await signIn('before-a-start');
        await revoke(token);
        await until(all(401), token);
        for (const gateway of processes.services.gateway) {
          await gateway.kill('SIGTERM');
          await gateway.start();
        }
        expect(await statuses(token)).toEqual(all(401));
      });
    });

    describe('C-61 a gateway that is cut off from NATS', () => {
      const CUT_OFF = 2;
      const at = (gateway: number, path: string, bearer?: string) =>
        processes.deployment.send(`${processes.gatewayUrls[gateway]}${path}`, { bearer });
      const api = (path: string, bearer?: string) => at(CUT_OFF, `/t/${ORG}/menu/1${path}`, bearer);
      const readiness = async () => {
        const { status, body } = await at(CUT_OFF, '/health/ready');
        return [status, body.status];
      };
      const tokenOf = async (client: [string, string]): Promise<string> => {
        const form = { grant_type: 'client_credentials' };
        return (await processes.deployment.send('/token', { form, basic: client })).body.access_token as string;
      };
      const expectUnavailable = ({ status, headers, body }: Awaited<ReturnType<typeof api>>) =>
        expect([status, headers['retry-after'], body.code]).toEqual([503, '1', '900900']);

      it('RV-12 goes on with what it knows, refuses past its limit, and catches up with what was revoked meanwhile', async () => {
        const link = processes.links[CUT_OFF];
        const made = await manage('POST', `/${ORG}/applications/shop/keys`, {
          kind: 'production',
          tokenType: 'opaque',
        });
        const opaque: [string, string] = [made.key.consumerKey, made.consumerSecret];
        const { access_token: revoked } = await signIn('before-a-cut');
        const unseen = [await tokenOf(basic), await tokenOf(opaque)] as const;
        const known = await tokenOf(opaque);
        await until(all(200), known);

        link?.cut();
        expect((await api('/x', revoked)).status).toBe(200);
        expect((await api('/x', known)).status).toBe(200);
        expect((await api('/x', unseen[0])).status).toBe(200);
        expect((await api('/x', await tokenOf(basic))).status).toBe(200);
        expect((await api('/x', 'made-up')).status).toBe(401);
        expectUnavailable(await api('/x', unseen[1]));
        expect(await readiness()).toEqual([200, 'degraded']);

        const resource = (template: string, authentication: string) => ({
          ...{ verb: 'GET', template, authentication, scopes: [] },
        });
        const resources = [resource('/*', 'any'), resource('/open', 'none')];
        await manage('PATCH', `/${ORG}/apis/menu`, { resources });
        while ((await at(0, `/t/${ORG}/menu/1/open`)).status !== 200) await pause(20);
        await revoke(revoked);
        while ((await at(0, `/t/${ORG}/menu/1/x`, revoked)).status !== 401) await pause(20);
        expect((await api('/open')).status).toBe(401);
        expect((await api('/x', revoked)).status).toBe(200);
        expect(await readiness()).toEqual([200, 'degraded']);

        // What it knows, it has heard of at different moments: one thing is past its limit a little before another.
        for (const bearer of [unseen[0], revoked, 'made-up', undefined]) {
          while ((await api('/x', bearer)).status !== 503) await pause(100);
          expectUnavailable(await api('/x', bearer));
        }
        expect(await readiness()).toEqual([200, 'degraded']);

        link?.restore();
        while ((await api('/open')).status !== 200) await pause(20);
        tell('back from having been cut off', await until(all(401), revoked));
        for (const token of unseen) expect((await api('/x', token)).status).toBe(200);
        while ((await readiness())[1] !== 'ready') await pause(20);
      });
    });
  });
}
