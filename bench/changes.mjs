// How long a change takes to hold at each of three gateways: `node bench/run.mjs --only changes`. A route that is changed, a
// subscription that is blocked, a token that is revoked; from the answer to who changed it to the last gateway.
import { once } from 'node:events';
import { createServer } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import testing from '../libs/testing/dist/index.js';

/** Milliseconds by what was changed, each so many times. */
export async function changes({ say, times = 20 }) {
  say('three gateways');
  const upstream = createServer((_, response) => response.end('{}')).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  const cluster = await testing.startProcesses({ instances: 3 });
  try {
    const { deployment, gatewayUrls } = cluster;
    const { organization, admin } = deployment.demo;
    const form = {
      grant_type: 'password',
      username: admin.username,
      password: admin.password,
      scope: 'keyward:manage',
    };
    const signedIn = await deployment.send('/token', { form, basic: [admin.consumerKey, admin.consumerSecret] });
    const manage = async (method, path, json) => {
      const at = `/api/v1/organizations/${organization}${path}`;
      const { status, body, text } = await deployment.send(at, { method, bearer: signedIn.body.access_token, json });
      if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
      return body;
    };
    const resources = (template) => [{ verb: 'GET', template, authentication: 'any', scopes: [] }];
    await manage('POST', '/apis', {
      ...{ name: 'changes', version: '1', context: '/changes', resources: resources('/0') },
      upstreams: { production: `http://127.0.0.1:${upstream.address().port}` },
    });
    await manage('POST', '/apis/changes/state', { state: 'PUBLISHED' });
    await manage('POST', '/applications', { name: 'changes' });
    const { key, consumerSecret } = await manage('POST', '/applications/changes/keys', { kind: 'production' });
    const { id } = await manage('POST', '/subscriptions', { application: 'changes', api: 'changes' });
    const basic = [key.consumerKey, consumerSecret];
    const tokenOf = async () =>
      (await deployment.send('/token', { form: { grant_type: 'client_credentials' }, basic })).body.access_token;

    /** Milliseconds until the last gateway answers so. */
    const until = async (bearer, path, status) => {
      const start = performance.now();
      const waits = gatewayUrls.map(async (url) => {
        for (;;) {
          const answer = await deployment.send(`${url}/t/${organization}/changes/1${path}`, { bearer });
          if (answer.status === status) return performance.now() - start;
          await pause(2);
        }
      });
      return Math.max(...(await Promise.all(waits)));
    };

    const took = { route: [], subscription: [], revocation: [] };
    say(`${times} changes of each kind`);
    for (let n = 1; n <= times; n++) {
      const token = await tokenOf();
      await until(token, `/${n - 1}`, 200);
      await manage('PATCH', '/apis/changes', { resources: resources(`/${n}`) });
      took.route.push(await until(token, `/${n}`, 200));
      await manage('PATCH', `/subscriptions/${id}`, { state: 'BLOCKED' });
      took.subscription.push(await until(token, `/${n}`, 401));
      await manage('PATCH', `/subscriptions/${id}`, { state: 'UNBLOCKED' });
      await until(token, `/${n}`, 200);
      await deployment.send('/revoke', { form: { token }, basic });
      took.revocation.push(await until(token, `/${n}`, 401));
    }
    const figures = (all) => {
      const sorted = all.toSorted((a, b) => a - b).map((ms) => Number(ms.toFixed(1)));
      return { p50: sorted[Math.floor(sorted.length / 2)], max: sorted.at(-1) };
    };
    return Object.fromEntries(Object.entries(took).map(([what, all]) => [what, figures(all)]));
  } finally {
    await cluster.stop();
    upstream.closeAllConnections();
    upstream.close();
  }
}
