// The API proxy beside a bare @fastify/http-proxy and the bare upstream.
import { readFileSync } from 'node:fs';
import testing from '../libs/testing/dist/index.js';
import { closed } from './load.mjs';
import { startNginx } from './nginx.mjs';
import { cpuSeconds } from './processes.mjs';

const CONNECTIONS = 16;
const TOKENS = 10_000;
/** One after the other, so many times: the machine's speed changes from one minute to the next, for all of them alike. */
const ROUNDS = 8;
const API = { name: 'bench', version: '1.0.0', context: '/pizza', isDefault: true, subscriptionRequired: true };

/** Requests a second by what was asked. */
export async function proxies({ seconds, say, start, scratch }) {
  const { certFile, keyFile } = await testing.writeCertificate(scratch);
  const upstream = start(['bench/upstream.mjs']);
  const { port } = await upstream.line;
  const url = `http://127.0.0.1:${port}`;
  const peer = start(['bench/http-proxy.mjs', certFile, keyFile, url]);
  const peerOrigin = `https://localhost:${(await peer.line).port}`;
  const nginx = await startNginx(scratch, { certFile, keyFile, upstreamPort: port });
  if (!nginx) say('nginx is not installed (apt install nginx): it is left out');
  const cluster = await testing.startProcesses();
  try {
    const { deployment, services } = cluster;
    const [gateway] = services.gateway;
    const own = { origin: deployment.baseUrl, ca: deployment.ca };
    const tokens = await prepare(deployment, url, say);
    const at = `/t/${deployment.demo.organization}/pizza/1.0.0`;
    const bearer = (token) => ({ authorization: `Bearer ${token}` });
    const toOther = (pid, origin) => ({
      ...{ pid, origin, ca: readFileSync(certFile, 'utf8') },
      next: () => ({ method: 'GET', path: '/pizza/1.0.0/menu', headers: bearer(tokens.jwts[0]) }),
    });
    const toOwn = (path, headersFor) => {
      let n = 0;
      const next = () => ({ method: 'GET', path: at + path, headers: headersFor ? headersFor(n++) : {} });
      return { ...own, pid: gateway.pid, next };
    };
    const loads = {
      upstream: { pid: upstream.child.pid, origin: url, next: () => ({ method: 'GET', path: '/menu' }) },
      ...(nginx && { nginx: toOther(nginx.child.pid, nginx.origin) }),
      peer: toOther(peer.child.pid, peerOrigin),
      'no token': toOwn('/open'),
      'one JWT': toOwn('/menu', () => bearer(tokens.jwts[0])),
      '10,000 JWTs': toOwn('/menu', (n) => bearer(tokens.jwts[n % tokens.jwts.length])),
      'one opaque token': toOwn('/menu', () => bearer(tokens.opaque)),
      'one JWT, under a plan': toOwn('/planned', () => bearer(tokens.jwts[0])),
      'API key': toOwn('/keyed', () => ({ apikey: tokens.apiKey })),
    };
    return await inTurn(loads, seconds, say);
  } finally {
    await cluster.stop();
    peer.child.kill();
    nginx?.child.kill();
    upstream.child.kill();
  }
}

/** Each load for so many seconds, a part of them in each round; medians of the rounds. */
async function inTurn(loads, seconds, say) {
  const rounds = Object.fromEntries(Object.keys(loads).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++) {
    say(round === 0 ? 'warming up' : `round ${round} of ${ROUNDS}`);
    for (const [name, { pid, ...load }] of Object.entries(loads)) {
      const before = cpuSeconds([pid]);
      const part = round === 0 ? Math.min(3, seconds) : seconds / ROUNDS;
      const result = await closed({ ...load, connections: CONNECTIONS, seconds: part });
      const cpu = (cpuSeconds([pid]) - before) / (result.statuses[200] ?? 0);
      if (round > 0) rounds[name].push({ ...result, perCpuSecond: 1 / cpu });
    }
  }
  return Object.fromEntries(Object.entries(rounds).map(([name, all]) => [name, medians(all)]));
}

function medians(all) {
  const median = (of) => all.map(of).toSorted((a, b) => a - b)[Math.floor(all.length / 2)];
  const keys = ['perSecond', 'perCpuSecond', 'p50', 'p99'];
  return Object.fromEntries(keys.map((key) => [key, median((one) => one[key])]));
}

/** An API with a scope, subscribed to; a key of each kind of token, and tokens with that scope. */
async function prepare(deployment, url, say) {
  const { organization, admin } = deployment.demo;
  const form = { grant_type: 'password', username: admin.username, password: admin.password, scope: 'keyward:manage' };
  const signedIn = await deployment.send('/token', { form, basic: [admin.consumerKey, admin.consumerSecret] });
  const bearer = signedIn.body.access_token;
  const manage = async (path, json) => {
    const { status, body, text } = await deployment.send(`/api/v1/organizations/${organization}${path}`, {
      ...{ method: 'POST', bearer, json },
    });
    if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
    return body;
  };
  const resource = (template, authentication, scopes) => ({ verb: 'GET', template, authentication, scopes });
  await manage('/scopes', { name: 'bench' });
  await manage('/plans', { name: 'Bench', level: 'resource', requests: 1e9, unit: 'day' });
  await manage('/apis', {
    ...{ ...API, upstreams: { production: url } },
    resources: [
      resource('/menu', 'any', ['bench']),
      resource('/open', 'none', []),
      resource('/keyed', 'any', []),
    ].concat({ ...resource('/planned', 'any', ['bench']), plan: 'Bench' }),
  });
  await manage(`/apis/${API.name}/state`, { state: 'PUBLISHED' });
  await manage('/applications', { name: 'bench' });
  await manage('/subscriptions', { application: 'bench', api: API.name });
  const clients = await Promise.all(
    ['jwt', 'opaque'].map((tokenType) => manage('/applications/bench/keys', { kind: 'production', tokenType })),
  );
  const tokenOf = async ({ key, consumerSecret }) => {
    const grant = { grant_type: 'client_credentials', scope: 'bench' };
    for (;;) {
      const { body } = await deployment.send('/token', { form: grant, basic: [key.consumerKey, consumerSecret] });
      if (body.scope === 'bench') return body.access_token;
    }
  };
  say(`${TOKENS} tokens`);
  const jwts = [];
  while (jwts.length < TOKENS) jwts.push(...(await Promise.all(Array.from({ length: 50 }, () => tokenOf(clients[0])))));
  const { apiKey } = await manage('/applications/bench/api-keys', {});
  return { jwts, apiKey, opaque: await tokenOf(clients[1]) };
}
