import { request } from 'node:https';
import { deployment, type Answer } from '@keyward/testing';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';
import { revoke } from './support/tokens';
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();

let upstream: Upstream;
let url: string;
let org: string;
let user: TestUser;
let key: TestKey;
let api: string;
let subscription: string;

const resource = (verb: string, template: string, scopes: string[] = []) => ({
  ...{ verb, template, authentication: 'any', scopes },
});

/** Publishes an API with `read` and `update`; its name, which is also its context. */
async function publish(more: object = {}): Promise<string> {
  const name = unique('api');
  await manage('POST', `/${org}/apis`, {
    ...{ name, version: '1.0', context: `/${name}`, isDefault: true },
    upstreams: { production: `${url}/production`, sandbox: `${url}/sandbox` },
    resources: [resource('GET', '/menu', ['read']), resource('PUT', '/menu', ['update']), resource('GET', '/free/*')],
    ...more,
  });
  await manage('POST', `/${org}/apis/${name}/state`, { state: 'PUBLISHED' });
  return name;
}
const subscribe = async (application: string, to = api): Promise<string> =>
  (await manage('POST', `/${org}/subscriptions`, { application, api: to })).id;
const call = (bearer: string | undefined, path = '/menu', method: 'GET' | 'PUT' = 'GET', to = api): Promise<Answer> =>
  keyward.send(`/t/${org}/${to}/1.0${path}`, { method, bearer });
const tokenOf = async (by: TestKey, scope = 'read') => (await by.signIn(user, { scope })).body.access_token as string;
const codeOf = ({ status, body }: Answer) => [status, body.code];

beforeAll(async () => {
  upstream = await startUpstream(({ method, url: path }, response) => {
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, path }));
  });
  url = upstream.url;
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
  for (const name of ['read', 'update']) await manage('POST', `/${org}/scopes`, { name });
  api = await publish();
  subscription = await subscribe(key.application);
  await eventually(async () => (await call(await tokenOf(key))).status === 200);
});
afterAll(() => {
  upstream.close();
});

it('900910 RS-02 a token with read is blocked where update is needed, and one with both is not', async () => {
  const read = await tokenOf(key, 'read');
  const both = await tokenOf(key, 'read update');
  expect((await call(read)).body).toEqual({ method: 'GET', path: '/production/menu' });
  const blocked = await call(read, '/menu', 'PUT');
  expect(codeOf(blocked)).toEqual([403, '900910']);
  expect(blocked.headers['www-authenticate']).toMatch(/^Bearer .*error="insufficient_scope".*scope="update"$/);
  expect((await call(both, '/menu', 'PUT')).body).toEqual({ method: 'PUT', path: '/production/menu' });
});

it('900901 900902 nobody passes without a token, or with another organization’s', async () => {
  expect(codeOf(await call(undefined))).toEqual([401, '900902']);
  const other = await makeOrganization();
  const [stranger, theirs] = await Promise.all([makeUser(other), makeKey(other)]);
  const { access_token: token } = (await theirs.signIn(stranger, { scope: 'read' })).body;
  expect(codeOf(await call(token))).toEqual([401, '900901']);
});

it('900908 an application that does not subscribe does not pass', async () => {
  const unsubscribed = await makeKey(org);
  expect(codeOf(await call(await tokenOf(unsubscribed), '/free/x'))).toEqual([403, '900908']);
});

it('900907 a change of a subscription is live within a second', async () => {
  const token = await tokenOf(key);
  for (const [state, expected] of [
    ['BLOCKED', '900907'],
    ['PROD_ONLY_BLOCKED', '900907'],
    ['UNBLOCKED', undefined],
  ] as const) {
    await manage('PATCH', `/${org}/subscriptions/${subscription}`, { state });
    await eventually(async () => (await call(token)).body.code === expected);
  }
  expect((await call(token)).status).toBe(200);
});

it('a sandbox key goes to the sandbox', async () => {
  const path = `/${org}/applications/${key.application}/keys`;
  const { key: made, consumerSecret } = await manage('POST', path, { kind: 'sandbox' });
  const basic: [string, string] = [made.consumerKey, consumerSecret];
  const form = { grant_type: 'password', username: user.loginName, password: user.password, scope: 'read' };
  const { access_token: token } = (await keyward.send('/token', { form, basic })).body;
  expect((await call(token)).body.path).toBe('/sandbox/menu');
});

it.each(['jwt', 'opaque'] as const)('RS-07 abuse 47: a %s token passes until it is revoked', async (tokenType) => {
  const brief = await makeKey(org, { tokenType });
  await subscribe(brief.application);
  let token = '';
  await eventually(async () => (await call((token = await tokenOf(brief)))).status === 200);
  await revoke(token, brief);
  await eventually(async () => codeOf(await call(token)).join() === '401,900901');
});

it('900901 a token of a key that is disabled passes no more', async () => {
  const brief = await makeKey(org);
  await subscribe(brief.application);
  let token = '';
  await eventually(async () => (await call((token = await tokenOf(brief)))).status === 200);
  await manage('PATCH', `/${org}/keys/${brief.consumerKey}`, { state: 'disabled' });
  await eventually(async () => codeOf(await call(token)).join() === '401,900901');
});

it('700700 the life cycle and the resources of an API are live within a second', async () => {
  const own = await publish({ subscriptionRequired: false });
  const token = await tokenOf(key);
  const status = async (path = '/free/x') => (await call(token, path, 'GET', own)).status;
  await eventually(async () => (await status()) === 200);
  await manage('PATCH', `/${org}/apis/${own}`, { resources: [resource('GET', '/other')] });
  await eventually(async () => (await status()) === 404 && (await status('/other')) === 200);
  await manage('POST', `/${org}/apis/${own}/state`, { state: 'BLOCKED' });
  await eventually(async () => codeOf(await call(token, '/other', 'GET', own)).join() === '503,700700');
  await manage('POST', `/${org}/apis/${own}/state`, { state: 'PUBLISHED' });
  await eventually(async () => (await status('/other')) === 200);
  await manage('POST', `/${org}/apis/${own}/state`, { state: 'DEPRECATED' });
  expect(await status('/other')).toBe(200);
  await manage('POST', `/${org}/apis/${own}/state`, { state: 'RETIRED' });
  await eventually(async () => (await status('/other')) === 404);
});

it('an organization that is suspended has no APIs', async () => {
  const suspended = await makeOrganization();
  const name = unique('api');
  await manage('POST', `/${suspended}/apis`, {
    ...{ name, version: '1.0', context: `/${name}`, upstreams: { production: url } },
    resources: [{ ...resource('GET', '/*'), authentication: 'none' }],
  });
  await manage('POST', `/${suspended}/apis/${name}/state`, { state: 'PUBLISHED' });
  const status = async () => (await keyward.send(`/t/${suspended}/${name}/1.0/x`)).status;
  await eventually(async () => (await status()) === 200);
  await manage('PATCH', `/${suspended}`, { state: 'suspended' });
  await eventually(async () => (await status()) === 404);
});

it.each(['/menu/../menu', '/./menu', '//menu', '/menu;x=1', '/%2e%2e/menu', '/free%2f..%2fmenu', '/menu%00', '/MENU'])(
  'RS-05 abuse 42, 46: %s passes under no token',
  async (path) => {
    const { hostname, port } = new URL(keyward.baseUrl);
    const headers = { authorization: `Bearer ${await tokenOf(key, 'read update')}` };
    const to = { hostname, port, path: `/t/${org}/${api}/1.0${path}`, ca: keyward.ca, headers };
    const answer = await new Promise<number>((resolve, reject) => {
      request(to, (response) => resolve(response.resume().statusCode ?? 0))
        .on('error', reject)
        .end();
    });
    expect([400, 404]).toContain(answer);
  },
);
