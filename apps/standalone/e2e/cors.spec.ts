import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { ask } from './support/management';
import { eventually, makeKey, makeOrganization, makeUser, manage, unique, type TestKey } from './support/operator';

const keyward = deployment();
const ENDPOINTS = ['/token', '/oauth2/token', '/revoke', '/introspect'];
const origin = `https://${unique('page')}.example`;
const elsewhere = `https://${unique('other')}.example`;

let org: string;
let key: TestKey;
let other: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [key, other] = await Promise.all([
    makeKey(org, { allowedOrigins: [origin, 'http://localhost:3000'] }),
    makeKey(org, { allowedOrigins: [elsewhere] }),
  ]);
});

const allowed = ({ headers }: Answer) => headers['access-control-allow-origin'];
const preflight = (path: string, from: string): Promise<Answer> =>
  keyward.send(path, {
    method: 'OPTIONS',
    headers: {
      origin: from,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization',
    },
  });
const from = (page: string, form: Record<string, string>, by = key, path = '/token'): Promise<Answer> =>
  keyward.send(path, { form, basic: by.basic, headers: { origin: page } });
const form = { grant_type: 'client_credentials' };

it.each([...ENDPOINTS, '/t/:org/oauth2/token'])(
  'X-09 a preflight at %s is allowed for an origin that is registered',
  async (path) => {
    const at = path.replace(':org', org);
    for (const page of [origin, elsewhere, 'http://localhost:3000']) {
      const answer = await preflight(at, page);
      expect(answer.status).toBe(204);
      expect(answer.headers).toMatchObject({
        'access-control-allow-origin': page,
        'access-control-allow-methods': 'POST',
        'access-control-allow-headers': expect.stringMatching(/\bAuthorization\b.*\bDPoP\b/),
        vary: 'Origin',
      });
      expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    }
    for (const page of [`https://${unique('nobody')}.example`, 'null', `${origin}.evil.example`, `${origin}:444`, 'x'])
      expect([page, allowed(await preflight(at, page))]).toEqual([page, undefined]);
  },
);

it('X-09 the answer is for the client that has registered the origin alone', async () => {
  const good = await from(origin, form);
  expect(good.headers).toMatchObject({
    'access-control-allow-origin': origin,
    'access-control-expose-headers': 'WWW-Authenticate, DPoP-Nonce',
    vary: 'Origin',
  });
  expect(good.headers['access-control-allow-credentials']).toBeUndefined();
  expect(allowed(await from(origin, form, other))).toBeUndefined();
  expect(allowed(await from(elsewhere, form))).toBeUndefined();
  expect(allowed(await key.token(form))).toBeUndefined();
  for (const path of ['/revoke', '/introspect']) {
    expect(allowed(await from(origin, { token: 'x' }, key, path))).toBe(origin);
    expect(allowed(await from(elsewhere, { token: 'x' }, key, path))).toBeUndefined();
  }
});

it('X-09 an error may be read by the client that has proven itself, by nobody else', async () => {
  const refused = await from(origin, { grant_type: 'refresh_token', refresh_token: 'x' });
  expect([refused.body.error, allowed(refused)]).toEqual(['invalid_grant', origin]);
  const wrong = await keyward.send('/token', { form, basic: [key.consumerKey, 'wrong'], headers: { origin } });
  expect([wrong.status, allowed(wrong)]).toEqual([401, undefined]);
});

it('X-09 CA-09 a public client is its identifier', async () => {
  const open = await makeKey(org, { public: true, allowedOrigins: [origin] });
  const asked = { client_id: open.consumerKey, grant_type: 'refresh_token', refresh_token: 'x' };
  expect(allowed(await keyward.send('/token', { form: asked, headers: { origin } }))).toBe(origin);
});

it('X-09 a public client may read what is wrong with its request, whoever found it out', async () => {
  const open = await makeKey(org, { public: true, allowedOrigins: [origin] });
  const { consumerKey: client_id } = open;
  const grant = { client_id, grant_type: 'refresh_token' };
  const send = (sent: SendOptions, page = origin) =>
    keyward.send('/token', { ...sent, headers: { ...sent.headers, origin: page } });
  const wrong: [SendOptions, string][] = [
    [{ form: grant, headers: { dpop: 'no proof' } }, 'invalid_dpop_proof'],
    [{ form: grant }, 'invalid_request'],
    [{ form: [...Object.entries(grant), ['refresh_token', 'x'], ['refresh_token', 'y']] }, 'invalid_request'],
  ];
  for (const [sent, error] of wrong) {
    const answer = await send(sent);
    expect([answer.status, answer.body.error, allowed(answer)]).toEqual([400, error, origin]);
    expect(allowed(await send(sent, elsewhere))).toBeUndefined();
  }
});

describe('X-09 UserInfo', () => {
  const asking = (path: string, page: string, method = 'GET') =>
    keyward.send(path, { method: 'OPTIONS', headers: { origin: page, 'access-control-request-method': method } });
  const userInfo = (bearer: string, page: string) => keyward.send('/userinfo', { bearer, headers: { origin: page } });

  it('answers a preflight', async () => {
    for (const path of ['/userinfo', `/t/${org}/userinfo`]) {
      const { status, headers } = await asking(path, origin);
      expect([status, headers['access-control-allow-methods']]).toEqual([204, 'GET, POST']);
      expect(allowed(await asking(path, `https://${unique('nobody')}.example`))).toBeUndefined();
      expect((await keyward.send(path, { method: 'OPTIONS' })).status).toBe(405);
    }
  });

  it('is for the pages of the client that the token was issued to', async () => {
    const body = (await key.signIn(await makeUser(org), { scope: 'openid' })).body;
    const answer = await userInfo(body.access_token, origin);
    expect([answer.status, allowed(answer), answer.headers['vary']]).toEqual([200, origin, 'Origin']);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
    expect(allowed(await userInfo(body.access_token, elsewhere))).toBeUndefined();
  });

  it('tells a registered page that a token is not good any more', async () => {
    const answer = await userInfo('x', origin);
    expect([answer.status, allowed(answer)]).toEqual([401, origin]);
    expect(answer.headers['access-control-expose-headers']).toContain('WWW-Authenticate');
    expect(allowed(await userInfo('x', `https://${unique('nobody')}.example`))).toBeUndefined();
  });
});

it('X-09 discovery and keys are for every page', async () => {
  for (const path of ['/jwks', `/t/${org}/jwks`, `/t/${org}/.well-known/openid-configuration`])
    for (const headers of [{}, { origin: 'https://anyone.example' }])
      expect(allowed(await keyward.send(path, { headers: headers as Record<string, string> }))).toBe('*');
});

it('X-09 TE-01 OPTIONS is nothing but a preflight', async () => {
  for (const path of ENDPOINTS) {
    const { status, headers } = await keyward.send(path, { method: 'OPTIONS' });
    expect([status, headers['allow']]).toEqual([405, 'POST']);
  }
  for (const path of ['/api/v1/organizations', '/jwks'])
    expect((await preflight(path, origin)).headers['access-control-allow-methods']).toBeUndefined();
});

it('X-09 origins are taken in the one spelling that browsers send', async () => {
  const path = `/${org}/applications/${key.application}/keys`;
  for (const bad of [
    '*',
    'null',
    'https://*.example',
    'http://shop.example',
    `${origin}/`,
    origin.toUpperCase(),
    'https://a.example:443',
    'x',
  ])
    expect([bad, (await ask('POST', path, { kind: 'production', allowedOrigins: [bad] })).status]).toEqual([bad, 400]);
});

it('X-09 origins are managed by the command line, and end with their key', async () => {
  const page = `https://${unique('page')}.example`;
  const { key: made } = await keyward.cliJson(
    'keys',
    'generate',
    key.application,
    '--allowed-origins',
    page,
    '--org',
    org,
  );
  expect(made.allowedOrigins).toEqual([page]);
  expect(allowed(await preflight('/token', page))).toBe(page);
  const user = await makeUser(org);
  const signIn = { grant_type: 'password', username: user.loginName, password: user.password };
  await keyward.cliJson('keys', 'update', other.consumerKey, '--allowed-origins', page, '--org', org);
  await eventually(async () => allowed(await from(page, signIn, other)) === page);
  await manage('PATCH', `/${org}/keys/${other.consumerKey}`, { allowedOrigins: [] });
  await eventually(async () => allowed(await from(page, signIn, other)) === undefined);
});
