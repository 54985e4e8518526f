// The API proxy beside a bare @fastify/http-proxy and the bare upstream.
import { readFileSync } from 'node:fs';
import testing from '../libs/testing/dist/index.js';
import { startNginx } from './nginx.mjs';

const CONNECTIONS = 16;
const TOKENS = 10_000;
const API = { name: 'bench', version: '1.0.0', context: '/pizza', isDefault: true, subscriptionRequired: true };

/** Requests a second by what was asked, the peer before and after. */
export async function proxies({ seconds, say, start, measured, scratch }) {
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
    const load = { connections: CONNECTIONS, seconds };
    const at = `/t/${deployment.demo.organization}/pizza/1.0.0`;
    const bearer = (token) => ({ authorization: `Bearer ${token}` });
    const asking = (roots, more) => measured(roots, { ...load, ...more });
    const toOther = (pid, origin) =>
      asking([pid], {
        ...{ origin, ca: readFileSync(certFile, 'utf8') },
        next: () => ({ method: 'GET', path: '/pizza/1.0.0/menu', headers: bearer(tokens.jwts[0]) }),
      });
    const toPeer = () => toOther(peer.child.pid, peerOrigin);
    const toOwn = (path, headersFor) => {
      let n = 0;
      return asking([gateway.pid], {
        ...own,
        next: () => ({ method: 'GET', path: at + path, headers: headersFor ? headersFor(n++) : {} }),
      });
    };
    const found = {};
    const run = async (name, measure) => {
      say(name);
      found[name] = await measure();
    };
    await run('upstream', () =>
      asking([upstream.child.pid], { origin: url, next: () => ({ method: 'GET', path: '/menu' }) }),
    );
    if (nginx) await run('nginx', () => toOther(nginx.child.pid, nginx.origin));
    await run('peer', toPeer);
    await run('no token', () => toOwn('/open'));
    await run('one JWT', () => toOwn('/menu', () => bearer(tokens.jwts[0])));
    await run('10,000 JWTs', () => toOwn('/menu', (n) => bearer(tokens.jwts[n % tokens.jwts.length])));
    await run('one opaque token', () => toOwn('/menu', () => bearer(tokens.opaque)));
    await run('one JWT, under a plan', () => toOwn('/planned', () => bearer(tokens.jwts[0])));
    await run('API key', () => toOwn('/keyed', () => ({ apikey: tokens.apiKey })));
    await run('peer again', toPeer);
    return found;
  } finally {
    await cluster.stop();
    peer.child.kill();
    nginx?.child.kill();
    upstream.child.kill();
  }
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
