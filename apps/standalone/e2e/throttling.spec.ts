import { Deployment, deployment, type Answer } from '@keyward/testing';
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
/** To whom a 503 is an answer. */
const impatient = new Deployment(keyward.access);
let upstream: Upstream;
let org: string;
let api: string;
let user: TestUser;
let key: TestKey;
const run = (...args: string[]) => keyward.cliJson(...args, '--org', org);
const tokenOf = async (of: TestUser) => (await key.signIn(of)).body.access_token as string;
const call = (bearer: string, by = keyward): Promise<Answer> => by.send(`/t/${org}/${api}/1.0/menu`, { bearer });
const codeOf = ({ status, body }: Answer) => `${status} ${body.code ?? ''}`;

beforeAll(async () => {
  upstream = await startUpstream();
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
  api = unique('api');
  await manage('POST', `/${org}/apis`, {
    ...{ name: api, version: '1.0', context: `/${api}` },
    upstreams: { production: upstream.url },
    resources: [{ verb: 'GET', template: '/menu', authentication: 'any', scopes: [] }],
  });
  await run('api', 'publish', api);
});
afterAll(() => {
  upstream.close();
});

it('900804 900803 plans are given and taken by the command line, live within a second', async () => {
  await run('plans', 'create', 'subscription', 'Two', '--requests', '2', '--unit', 'month');
  await run('plans', 'create', 'application', 'Three', '--requests', '3', '--unit', 'month');
  const { id } = await run('subscribe', key.application, api, '--plan', 'Two');
  const token = await tokenOf(user);
  await eventually(async () => (await call(token)).status === 200);
  await eventually(async () => codeOf(await call(token)) === '429 900804');
  const refused = await call(token);
  expect(new Date(refused.headers['retry-after'] ?? '').getTime()).toBeGreaterThan(Date.now());
  expect(refused.body.nextAccessTime).toMatch(/\+0000 UTC$/);

  await run('subscriptions', 'plan', id, '');
  await eventually(async () => (await call(token)).status === 200);
  expect(await run('applications', 'plan', key.application, 'Three')).toMatchObject({ plan: 'Three' });
  await eventually(async () => codeOf(await call(token)) === '429 900803');
  const another = await tokenOf(await makeUser(org));
  expect((await call(another)).headers).toMatchObject({ 'ratelimit-limit': '3', 'ratelimit-remaining': '2' });
  expect(await keyward.cli(['plans', 'delete', 'application', 'Three', '--org', org])).toMatchObject({ code: 1 });
  await run('applications', 'plan', key.application, '');
  await eventually(async () => (await call(token)).status === 200);
});

it('900801 900806 what upstreams can bear, and plans that hold by themselves, live within a second', async () => {
  await manage('PATCH', `/${org}/apis/${api}`, { subscriptionRequired: false });
  const token = await tokenOf(user);
  await eventually(async () => (await call(token)).status === 200);
  await run('plans', 'create', 'upstream', 'Frail', '--requests', '2', '--unit', 'month');
  expect(await run('api', 'update', api, '--upstream-plan', 'Frail')).toMatchObject({ upstreamPlan: 'Frail' });
  await eventually(async () => codeOf(await call(token, impatient)) === '503 900801');
  expect(await keyward.cli(['plans', 'delete', 'upstream', 'Frail', '--org', org])).toMatchObject({ code: 1 });
  await manage('PATCH', `/${org}/apis/${api}`, { upstreamPlan: null });
  await eventually(async () => (await call(token)).status === 200);

  const custom = ['plans', 'create', 'custom', 'Each', '--requests', '2', '--unit', 'month'];
  expect(await keyward.cli([...custom, '--org', org])).toMatchObject({ code: 1 });
  expect(await run(...custom, '--counted-by', 'user,api')).toMatchObject({ countedBy: ['user', 'api'] });
  await eventually(async () => codeOf(await call(token)) === '429 900806');
  expect((await call(await tokenOf(await makeUser(org)))).status).toBe(200);
  expect((await keyward.cli(['plans', 'delete', 'custom', 'Each', '--org', org])).code).toBe(0);
  await eventually(async () => (await call(token)).status === 200);
  await manage('PATCH', `/${org}/apis/${api}`, { subscriptionRequired: true });
});

it('900805 deny rules are made, switched and deleted by the command line, live within a second', async () => {
  const token = await tokenOf(user);
  for (const [kind, value] of [
    ['user', user.username],
    ['application', key.application],
    ['api', api],
    ['ip', '0.0.0.0/0'],
  ] as const) {
    const { id } = await run('deny-rules', 'create', kind, value, '--description', 'Why');
    if (kind === 'ip') await run('deny-rules', 'create', 'ip', '::/0');
    await eventually(async () => codeOf(await call(token)) === '403 900805');
    expect((await run('deny-rules', 'disable', id)).active).toBe(false);
    if (kind !== 'ip') await eventually(async () => (await call(token)).status === 200);
    expect((await run('deny-rules', 'enable', id)).active).toBe(true);
    await eventually(async () => codeOf(await call(token)) === '403 900805');
    for (const rule of await run('deny-rules', 'list'))
      expect((await keyward.cli(['deny-rules', 'delete', rule.id, '--org', org])).code).toBe(0);
    await eventually(async () => (await call(token)).status === 200);
  }
});
