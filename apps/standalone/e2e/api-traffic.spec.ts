import { deployment, type Answer } from '@keyward/testing';
import type { IncomingHttpHeaders } from 'node:http';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
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
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();
let upstream: Upstream;
let seen: IncomingHttpHeaders;
let org: string;
let api: string;
let user: TestUser;
let key: TestKey;
const run = (...args: string[]) => keyward.cliJson(...args, '--org', org);
const call = (headers: Record<string, string>, path = '/menu'): Promise<Answer> =>
  keyward.send(`/t/${org}/${api}/1.0${path}`, { headers });

beforeAll(async () => {
  upstream = await startUpstream(({ headers, url }, response) => {
    seen = headers;
    response.writeHead(url?.includes('/broken') ? 500 : 200).end('0123456789');
  });
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
  api = unique('api');
  const resource = { verb: 'GET', authentication: 'any', scopes: [] };
  await manage('POST', `/${org}/apis`, {
    ...{ name: api, version: '1.0', context: `/${api}`, backendToken: true },
    upstreams: { production: upstream.url },
    resources: [
      { ...resource, template: '/menu/{id}' },
      { ...resource, template: '/menu' },
      { ...resource, template: '/broken' },
    ],
  });
  await run('api', 'publish', api);
  await run('plans', 'create', 'subscription', 'Gold', '--requests', '1000');
  await run('subscribe', key.application, api, '--plan', 'Gold');
});
afterAll(() => {
  upstream.close();
});

it('900901 an API key is made, limited, disabled and deleted by the command line, live within a second', async () => {
  const { apiKey, key: made } = await run('api-keys', 'generate', key.application, '--name', 'My site');
  const code = async () => {
    const { status, body } = await call({ apikey: apiKey as string });
    return status === 200 ? '200' : `${status} ${body.code}`;
  };
  await eventually(async () => (await code()) === '200');
  expect(seen).not.toHaveProperty('apikey');
  const update = (...args: string[]) => run('api-keys', 'update', key.application, made.id as string, ...args);
  await update('--addresses', '192.0.2.1');
  await eventually(async () => (await code()) === '403 900908');
  await update('--addresses', '', '--referrers', 'johns.org');
  // Refused by its addresses and by its referrers it says the same: only who may come now tells that the second is live.
  const fromReferrer = () => call({ apikey: apiKey as string, referer: 'https://johns.org/x' });
  await eventually(async () => (await fromReferrer()).status === 200);
  expect(await code()).toBe('403 900908');
  await update('--referrers', '', '--state', 'disabled');
  await eventually(async () => (await code()) === '401 900901');
  await update('--state', 'active', '--expires', '2001-01-01T00:00:00Z');
  expect(await code()).toBe('401 900901');
  await update('--expires', '');
  await eventually(async () => (await code()) === '200');
  expect(await run('api-keys', 'list', key.application)).toMatchObject([{ id: made.id, name: 'My site' }]);
  expect((await keyward.cli(['api-keys', 'delete', key.application, made.id, '--org', org])).code).toBe(0);
  await eventually(async () => (await code()) === '401 900901');
});

it('RS-06 an upstream is told who calls, signed by the organization', async () => {
  const { access_token: token } = (await key.signIn(user)).body;
  const headers = { authorization: `Bearer ${token}` };
  await eventually(async () => (await call(headers)).status === 200);
  const { body: jwks } = await keyward.send(`/t/${org}/jwks`);
  const { payload } = await jwtVerify(seen['x-jwt-assertion'] as string, createLocalJWKSet(jwks), {
    issuer: 'wso2.org/products/am',
  });
  const { id } = await manage('GET', `/${org}/applications/${key.application}`);
  const claims = {
    ...{ subscriber: org, applicationid: id, applicationname: key.application, applicationUUId: id },
    ...{ applicationtier: 'Unlimited', apiname: api, apicontext: `/t/${org}/${api}/1.0`, version: '1.0', tier: 'Gold' },
    ...{ keytype: 'PRODUCTION', usertype: 'APPLICATION_USER', enduser: user.loginName },
  };
  for (const [claim, value] of Object.entries(claims)) expect(payload[`http://wso2.org/claims/${claim}`]).toBe(value);
  expect(payload.sub).toBe(user.id);
  const before = seen['x-jwt-assertion'];
  await call(headers);
  expect(seen['x-jwt-assertion']).toBe(before);
  // It is an assertion to upstreams and opens nothing here.
  expect((await call({ authorization: `Bearer ${before as string}` })).body.code).toBe('900901');
});

it('RS-06 an upstream is told of the user what the API lets it be told, and 900902 an API may take one kind of credentials', async () => {
  const profile = { email: 'ann@johns.org', given_name: 'Ann' };
  await manage('PATCH', `/${org}/users/${user.username}`, { profile });
  const claims = ['--backend-claims', 'email,roles', '--accepts', 'token'];
  const changed = await keyward.cliJson('api', 'update', api, ...claims, '--org', org);
  expect(changed).toMatchObject({ backendClaims: ['email', 'roles'], accepts: 'token' });
  const headers = { authorization: `Bearer ${(await key.signIn(user)).body.access_token as string}` };
  await eventually(async () => {
    await call(headers);
    return decodeJwt(seen['x-jwt-assertion'] as string)['http://wso2.org/claims/emailaddress'] === profile.email;
  });
  expect(decodeJwt(seen['x-jwt-assertion'] as string)).not.toHaveProperty(['http://wso2.org/claims/givenname']);
  const { apiKey } = await manage('POST', `/${org}/applications/${key.application}/api-keys`, {});
  expect((await call({ apikey: apiKey })).body.code).toBe('900902');
  await keyward.cliJson('api', 'update', api, '--accepts', 'either', '--org', org);
  await eventually(async () => (await call({ apikey: apiKey })).status === 200);
});

it('every call is counted by API, application, resource and status', async () => {
  const { access_token: token } = (await key.signIn(user)).body;
  const headers = { authorization: `Bearer ${token}` };
  const from = new Date(Date.now() - 600_000).toISOString();
  const report = async (...args: string[]) => {
    const sums = (await run('usage', '--from', from, ...args)) as { of: string; requests: number }[];
    return new Map(sums.map((sum) => [sum.of, sum]));
  };
  const count = async (of: string, ...args: string[]) => (await report(...args)).get(of)?.requests ?? 0;
  for (const id of ['1', '2', '3']) expect((await call(headers, `/menu/${id}`)).status).toBe(200);
  await call(headers, '/broken');
  await call({}, '/menu/4');
  await call(headers, '/none');
  let resources = await report('--by', 'resource');
  await eventually(async () => {
    resources = await report('--by', 'resource');
    return ['GET /menu/{id}', 'GET /broken', ''].map((of) => resources.get(of)?.requests ?? 0).join() === '4,1,1';
  });
  expect(resources.get('GET /menu/{id}')).toMatchObject({ requests: 4, refused: 1, failed: 0 });
  expect(resources.get('GET /broken')).toMatchObject({ requests: 1, failed: 1, bytes: 10 });
  expect(resources.get('')).toMatchObject({ requests: 1, refused: 1 });
  expect((await report('--by', 'status')).get('401')).toBeDefined();
  const [ofApplication] = [...(await report('--by', 'application', '--application', key.application)).values()];
  expect(ofApplication).toMatchObject({ of: key.application });
  expect(await count(`${api}:1.0`)).toBe(await count(`${api}:1.0`, '--api', api));
  const [hour] = await report('--by', 'hour');
  expect(hour?.[0]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:00:00Z$/);
  // Nobody else's.
  const other = await makeOrganization();
  expect(await keyward.cliJson('usage', '--org', other)).toEqual([]);
});
