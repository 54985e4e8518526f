// Introspection, revocation and token exchange, in one process and over NATS, beside oidc-provider with its in-memory adapter.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import testing from '../libs/testing/dist/index.js';
import { basic } from './requests.mjs';

const CONNECTIONS = 16;
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

/** Requests a second by what was asked, of the peer and of two deployments. */
export async function endpoints({ seconds, say, start, measured, scratch }) {
  const load = { connections: CONNECTIONS, seconds };
  const of = async (name, roots, at, paths, forms) => {
    const asking = (what, more) => {
      say(`${name}: ${what}`);
      return measured(roots, { ...load, ...at, ...more });
    };
    const found = {
      introspection: await asking('introspection', { next: () => ({ path: paths.introspect, ...forms.introspect }) }),
      revocation: await asking('a token and its revocation', issuingAndRevoking(paths, forms)),
    };
    if (forms.exchange)
      found.exchange = await asking('exchange', { next: () => ({ path: '/token', ...forms.exchange }) });
    else found.issuance = await asking('client_credentials', { next: () => ({ path: '/token', ...forms.issue }) });
    return found;
  };
  return {
    peer: await ofPeer(of, start, scratch),
    'Keyward standalone': await ofStandalone(of),
    'Keyward over NATS': await ofProcesses(of),
  };
}

/** Each connection gets a token, revokes it, and so on: half of the requests are the one, half the other. */
function issuingAndRevoking(paths, { issueOpaque, headers }) {
  const held = [];
  return {
    next: (n) =>
      held[n] ? { path: paths.revoke, headers, body: `token=${held[n]}` } : { path: '/token', ...issueOpaque },
    answered: (n, body) => (held[n] = body?.access_token),
  };
}

const form = (headers, params) => ({ headers, body: new URLSearchParams(params).toString() });

async function ofPeer(of, start, scratch) {
  const { certFile, keyFile } = await testing.writeCertificate(scratch);
  const { child, line } = start(['bench/oidc-provider.mjs', certFile, keyFile, '1']);
  const { port, clientId, clientSecret } = await line;
  const access = { target: 'remote', baseUrl: `https://localhost:${port}`, caFile: certFile };
  const headers = basic(clientId, clientSecret);
  const issue = { grant_type: 'client_credentials', scope: 'read' };
  const opaque = { ...issue, resource: 'https://opaque.example' };
  const { body } = await new testing.Deployment(access).send('/token', {
    form: opaque,
    basic: [clientId, clientSecret],
  });
  const found = await of(
    'oidc-provider',
    [child.pid],
    { origin: access.baseUrl, ca: readFileSync(certFile, 'utf8') },
    { introspect: '/token/introspection', revoke: '/token/revocation' },
    {
      headers,
      introspect: form(headers, { token: body.access_token }),
      issue: form(headers, issue),
      issueOpaque: form(headers, opaque),
    },
  );
  child.kill();
  return found;
}

async function ofStandalone(of) {
  const one = await testing.startStandalone();
  try {
    const postmaster = readFileSync(join(one.home, 'postgres', 'postmaster.pid'), 'utf8');
    return await ofOwn(
      of,
      'Keyward standalone',
      [one.process.pid, Number(postmaster.split('\n', 1)[0])],
      one.deployment,
    );
  } finally {
    await one.stop();
  }
}

async function ofProcesses(of) {
  const { deployment, services, nats, postgres, stop } = await testing.startProcesses();
  try {
    const roots = Object.values(services)
      .flat()
      .map(({ pid }) => pid);
    return await ofOwn(of, 'Keyward over NATS', [...roots, nats.pid, postgres.pid], deployment);
  } finally {
    await stop();
  }
}

/** With opaque tokens, as the peer's; what is exchanged is the JWT of a user. */
async function ofOwn(of, name, roots, deployment) {
  const { organization, admin } = deployment.demo;
  const signIn = {
    grant_type: 'password',
    username: admin.username,
    password: admin.password,
    scope: 'keyward:manage',
  };
  const signedIn = await deployment.send('/token', { form: signIn, basic: [admin.consumerKey, admin.consumerSecret] });
  const manage = async (path, json) => {
    const at = `/api/v1/organizations/${organization}${path}`;
    const { status, body, text } = await deployment.send(at, { json, bearer: signedIn.body.access_token });
    if (status >= 300) throw new Error(`${path}: ${status} ${text}`);
    return body;
  };
  await manage('/applications', { name: 'bench' });
  const [jwt, opaque] = await Promise.all(
    ['jwt', 'opaque'].map((tokenType) =>
      manage('/applications/bench/keys', {
        kind: 'production',
        tokenType,
        grantTypes: ['client_credentials', EXCHANGE],
      }),
    ),
  );
  const headersOf = ({ key, consumerSecret }) => basic(key.consumerKey, consumerSecret);
  const issue = { grant_type: 'client_credentials' };
  const { body } = await deployment.send('/token', {
    form: issue,
    basic: [opaque.key.consumerKey, opaque.consumerSecret],
  });
  const { body: ofUser } = await deployment.passwordToken();
  const exchange = { grant_type: EXCHANGE, subject_token: ofUser.access_token, subject_token_type: ACCESS_TOKEN };
  return of(
    name,
    roots,
    { origin: deployment.baseUrl, ca: deployment.ca },
    { introspect: '/introspect', revoke: '/revoke' },
    {
      headers: headersOf(opaque),
      introspect: form(headersOf(opaque), { token: body.access_token }),
      issueOpaque: form(headersOf(opaque), issue),
      exchange: form(headersOf(jwt), exchange),
    },
  );
}
