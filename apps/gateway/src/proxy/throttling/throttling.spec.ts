import { connect } from 'node:tls';
import {
  applicationPlans,
  leaseQuota,
  plans,
  ServiceError,
  subscriptions,
  type LeaseQuota,
  type PlanRecord,
} from '@keyward/contracts';
import type { JWTPayload } from 'jose';
import { certificate } from '../../../test/certificate';
import { api, resource, startProxied, type Proxied } from '../../../test/proxied';
import { JOHNSORG } from '../../../test/started-gateway';

const plan = (level: PlanRecord['level'], more: Partial<PlanRecord> = {}): PlanRecord => ({
  ...{ organizationId: JOHNSORG.id, name: 'Plan', level, requests: 100, kilobytes: null },
  ...{ every: 1, unit: 'hour', burst: null, ...more },
});
const PLANS = {
  api: plan('api'),
  resource: plan('resource'),
  subscription: plan('subscription', { burst: 50 }),
  bytes: plan('subscription', { name: 'Bytes', requests: null, kilobytes: 1 }),
  application: plan('application', { burst: 50 }),
  upstream: plan('upstream'),
};

let proxied: Proxied;
let asked: LeaseQuota[];
/** What the owner has left, by what is counted; absent: plenty. */
let left: Map<string, number>;
let away: boolean;
const HOUR_MS = 3_600_000;

beforeAll(async () => {
  proxied = await startProxied(
    (upstream) => [
      api(upstream),
      api(upstream, { id: 'limited', name: 'Limited', context: '/limited', plan: 'Plan' }),
      api(upstream, {
        ...{ id: 'resources', name: 'Resources', context: '/resources' },
        resources: [
          resource('GET', '/limited/{id}', { plan: 'Plan' }),
          resource('GET', '/free', { authentication: 'none', plan: 'Plan' }),
          resource('GET', '/unknown', { plan: 'Unheard of' }),
        ],
      }),
      api(upstream, { id: 'plain', name: 'Plain', context: '/plain' }),
      api(upstream, { id: 'frail', name: 'Frail', context: '/frail', upstreamPlan: 'Plan' }),
      api(upstream, { id: 'subscribed', name: 'Subscribed', context: '/subscribed', subscriptionRequired: true }),
    ],
    { planned: 'UNBLOCKED', bytes: 'UNBLOCKED', announcing: 'UNBLOCKED' },
  );
  const { services } = proxied;
  services.on(leaseQuota, (request) => {
    asked.push(request);
    if (away) throw new ServiceError('temporarily_unavailable');
    const key = request.counted;
    const before = (left.get(key) ?? 1000) - request.overdrawn;
    const granted = Math.max(0, Math.min(before, request.plan === 'Bytes' ? 1024 : 10));
    left.set(key, before - granted);
    return { granted, quota: 1000, left: Math.max(0, before - granted), since: 1, endsIn: HOUR_MS };
  });
  for (const [id, record] of Object.entries(PLANS)) services.change(plans, id, record);
  for (const application of ['planned', 'bytes', 'announcing'])
    services.change(subscriptions, `subscribed-${application}`, {
      ...{ id: `subscribed-${application}`, organizationId: JOHNSORG.id, apiId: 'subscribed' },
      ...{ applicationId: application, state: 'UNBLOCKED', plan: application === 'planned' ? 'Plan' : 'Bytes' },
    });
  services.change(applicationPlans, 'planned', { organizationId: JOHNSORG.id, applicationId: 'planned', plan: 'Plan' });
});
afterAll(() => proxied.close());
// Each test begins with nothing leased: its users and its quotas are its own, or the window is used up by it alone.
beforeEach(() => {
  asked = [];
  left = new Map();
  away = false;
});

const client = { planned: 'client-planned', bytes: 'client-bytes', announcing: 'client-announcing' };
const get = async (path: string, claims: JWTPayload = {}) =>
  proxied.gateway.ask(`/t/johnsorg${path}`, { headers: await proxied.bearer(claims) });
const user = () => crypto.randomUUID();

it('asks nobody where there is no plan', async () => {
  const { status, headers } = await get('/pizza/1.0.0/menu');
  expect([status, headers['ratelimit-limit'], asked]).toEqual([200, undefined, []]);
});

it('900803 each user of an application has its quota; the answer says what is left', async () => {
  for (const sub of [user(), user()]) {
    left.set(`planned ${sub}`, 3).set('subscribed-planned', 1000);
    for (const remaining of ['2', '1', '0']) {
      const { status, headers } = await get('/subscribed/1.0.0/menu', { client_id: client.planned, sub });
      expect([status, headers['ratelimit-remaining'], headers['ratelimit-limit']]).toEqual([200, remaining, '1000']);
    }
    const { status, headers, json } = await get('/subscribed/1.0.0/menu', { client_id: client.planned, sub });
    const time = expect.stringMatching(/^\d{4}-[A-Z][a-z]{2}-\d\d \d\d:\d\d:\d\d\+0000 UTC$/);
    expect([status, json]).toEqual([
      429,
      {
        ...{ code: '900803', message: 'Message throttled out', nextAccessTime: time },
        description: `You have exceeded your quota .You can access API after ${json.nextAccessTime}`,
      },
    ]);
    const wait = Date.parse(String(headers['retry-after'])) - Date.now();
    expect(wait).toBeGreaterThan(HOUR_MS - 60_000);
    expect(wait).toBeLessThanOrEqual(HOUR_MS + 1000);
    expect(headers['retry-after']).toMatch(/ GMT$/);
    expect(headers).toMatchObject({ 'ratelimit-limit': '1000', 'ratelimit-remaining': '0' });
    expect(Number(headers['ratelimit-reset'])).toBeGreaterThan(3500);
  }
});

it('asks the owner again when a part is used, not on each request; never when nothing is left', async () => {
  const sub = user();
  left.set(`planned ${sub}`, 20);
  const claims = { client_id: client.planned, sub };
  const statuses = [];
  for (let n = 0; n < 30; n++) statuses.push((await get('/subscribed/1.0.0/menu', claims)).status);
  expect(statuses.filter((status) => status === 200)).toHaveLength(20);
  expect(statuses.slice(20)).toEqual(Array(10).fill(429));
  expect(asked.filter(({ counted }) => counted === `planned ${sub}`).length).toBeLessThanOrEqual(3);
});

it('lets through what was leased and no more of what comes at once', async () => {
  const sub = user();
  left.set(`planned ${sub}`, 17);
  const claims = { client_id: client.planned, sub };
  const answers = await Promise.all(Array.from({ length: 40 }, () => get('/subscribed/1.0.0/menu', claims)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(17);
});

it('900809 900807 a burst is a quota of a second', async () => {
  const sub = user();
  left.set(`burst planned ${sub}`, 0);
  expect((await get('/subscribed/1.0.0/menu', { client_id: client.planned, sub })).json.code).toBe('900809');
  expect(asked.find(({ counted }) => counted === `burst planned ${sub}`)).toMatchObject({ burst: true });
});

it('a request that one quota refuses is taken from none', async () => {
  const sub = user();
  left.set(`burst planned ${sub}`, 0).set(`planned ${sub}`, 5);
  for (let n = 0; n < 10; n++) await get('/subscribed/1.0.0/menu', { client_id: client.planned, sub });
  expect(asked.filter(({ counted }) => counted === `planned ${sub}`)).toHaveLength(1);
});

it('900800 900802 an API and a resource have a quota for all who call them', async () => {
  left.set('limited', 1).set('resources GET /limited/{}', 1);
  for (const [path, code] of [
    ['/limited/1.0.0/menu', '900800'],
    ['/resources/1.0.0/limited/7', '900802'],
  ] as const) {
    expect((await get(path, { sub: user() })).status).toBe(200);
    expect((await get(path, { sub: user() })).json.code).toBe(code);
  }
});

it('900802 counts requests that need no token', async () => {
  left.set('resources GET /free', 1);
  const ask = () => proxied.gateway.ask('/t/johnsorg/resources/1.0.0/free');
  expect([(await ask()).status, (await ask()).json.code]).toEqual([200, '900802']);
});

it('900804 bandwidth is charged when the answer is over', async () => {
  left.set('subscribed-bytes', 100_000);
  proxied.upstream.on((_, response) => response.end(Buffer.alloc(99_999)));
  try {
    const ask = () => get('/subscribed/1.0.0/menu', { client_id: client.bytes });
    const { status: first, headers } = await ask();
    expect([first, headers['ratelimit-limit'], headers['ratelimit-remaining']]).toEqual([200, '1000', '100000']);
    let status = 200;
    while (status === 200) status = (await ask()).status;
    expect(status).toBe(429);
    expect((await ask()).json.code).toBe('900804');
    expect(Math.max(...asked.map(({ overdrawn }) => overdrawn))).toBeGreaterThanOrEqual(98_000);
  } finally {
    proxied.upstream.on(undefined as never);
  }
});

it('900804 charges what came of a request that breaks off, not what it announced', async () => {
  left.set('subscribed-announcing', 100_000);
  const { authorization } = await proxied.bearer({ client_id: client.announcing });
  const { cert } = await certificate();
  const { hostname, port } = new URL(proxied.gateway.url);
  const socket = connect({ host: hostname, port: Number(port), ca: cert, servername: 'localhost' });
  const over = new Promise<void>((resolve) => {
    proxied.upstream.on((request) => {
      request.once('data', () => socket.destroy()).on('error', () => undefined);
      request.once('close', resolve);
    });
  });
  const headers = `Host: x\r\nAuthorization: ${authorization}\r\nContent-Length: ${Number.MAX_SAFE_INTEGER}\r\n`;
  socket.write(`GET /t/johnsorg/subscribed/1.0.0/menu HTTP/1.1\r\n${headers}\r\n.`);
  await over;
  proxied.upstream.on(undefined as never);
  const { status, headers: answered } = await get('/subscribed/1.0.0/menu', { client_id: client.announcing });
  expect([status, answered['ratelimit-remaining']]).toEqual([200, '99999']);
  expect(asked.map(({ overdrawn }) => overdrawn)).toEqual([0]);
});

it('900900 passes nothing uncounted while the owner is away, and says when to come again', async () => {
  away = true;
  const claims = { client_id: client.planned, sub: user() };
  const startedAt = performance.now();
  const { status, headers, json } = await get('/subscribed/1.0.0/menu', claims);
  expect([status, headers['retry-after'], json.code]).toEqual([503, '1', '900900']);
  for (let n = 0; n < 5; n++) expect((await get('/subscribed/1.0.0/menu', claims)).status).toBe(503);
  const seconds = Math.floor((performance.now() - startedAt) / 1000);
  const once = new Set(asked.map(({ counted }) => counted)).size;
  expect(asked.length).toBeLessThanOrEqual(once * (1 + seconds));
  expect((await get('/pizza/1.0.0/menu')).status).toBe(200);
});

it('900900 passes nothing under a plan that it has not heard of', async () => {
  expect((await get('/resources/1.0.0/unknown')).status).toBe(503);
});

it('900801 an upstream is asked no more than it can bear, that of the sandbox apart', async () => {
  left.set('upstream frail production', 2).set('upstream frail sandbox', 1);
  const statuses = async (client_id: string) => {
    const answers = [1, 2, 3].map(() => get('/frail/1.0.0/menu', { client_id, sub: user() }));
    return (await Promise.all(answers)).map(({ status }) => status).sort();
  };
  expect(await statuses('client')).toEqual([200, 200, 503]);
  expect(await statuses('sandbox-client')).toEqual([200, 503, 503]);
  const { status, headers, json } = await get('/frail/1.0.0/menu');
  expect([status, json.code, json.message]).toEqual([503, '900801', 'API Limit Reached']);
  expect(headers['retry-after']).toMatch(/ GMT$/);
});

describe('900806 a custom plan', () => {
  const countedBy = (...parts: PlanRecord['countedBy'] & object) =>
    proxied.services.change(plans, 'custom', plan('custom', { name: 'Custom', countedBy: parts }));
  afterEach(() => proxied.services.change(plans, 'custom', null));
  const countedOf = () => [
    ...new Set(asked.flatMap(({ counted }) => (counted.startsWith('custom ') ? [counted] : []))),
  ];

  it('holds for every call to the organization’s APIs, and names none of its callers', async () => {
    countedBy('address');
    await get('/pizza/1.0.0/menu', { sub: user() });
    await get('/plain/1.0.0/menu', { sub: user() });
    await proxied.gateway.ask('/t/johnsorg/resources/1.0.0/free');
    const [counted = '', ...others] = countedOf();
    expect(others).toEqual([]);
    expect(counted).toMatch(/^custom Custom [A-Za-z0-9+/]{43}=$/);
    left.set(counted, 0);
    let answer = await get('/pizza/1.0.0/menu');
    while (answer.status === 200) answer = await get('/pizza/1.0.0/menu');
    expect([answer.status, answer.json.code, answer.json.message]).toEqual([429, '900806', 'Message throttled out']);
  });

  it.each([
    [['user'], 2],
    [['application'], 1],
    [['api'], 2],
    [['user', 'api'], 4],
    [['address', 'resource'], 2],
  ] as const)('tells apart by %j', async (parts, different) => {
    countedBy(...parts);
    for (const sub of [user(), user()])
      for (const path of ['/pizza/1.0.0/menu', '/plain/1.0.0/menu']) await get(path, { sub });
    expect(countedOf()).toHaveLength(different);
  });

  it('says nothing of calls without what it tells apart', async () => {
    countedBy('user');
    await get('/pizza/1.0.0/menu', { auth_time: undefined, sub: 'client' });
    await proxied.gateway.ask('/t/johnsorg/resources/1.0.0/free');
    expect(countedOf()).toEqual([]);
  });
});
