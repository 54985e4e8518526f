import { api, resource, startProxied, type Proxied } from '../../test/proxied';

const ORIGIN = 'https://app.example';
const CORS = {
  allowOrigins: [ORIGIN, 'https://other.example'],
  ...{ allowHeaders: ['authorization', 'content-type'], exposeHeaders: ['etag'], allowCredentials: true, maxAge: 600 },
};

let proxied: Proxied;
beforeAll(async () => {
  const resources = [resource('GET', '/menu'), resource('PUT', '/menu'), resource('POST', '/orders')];
  proxied = await startProxied((upstream) => [
    api(upstream, { cors: CORS, resources }),
    api(upstream, { id: 'any', context: '/any', cors: { ...CORS, allowOrigins: ['*'] }, resources }),
    api(upstream, { id: 'none', context: '/none', resources }),
    api(upstream, {
      ...{ id: 'own', context: '/own', cors: CORS },
      resources: [...resources, resource('OPTIONS', '/menu', { authentication: 'none' })],
    }),
    api(upstream, { id: 'blocked', context: '/blocked', state: 'BLOCKED', cors: CORS, resources }),
  ]);
});
afterAll(() => proxied.close());

const preflight = (path: string, origin = ORIGIN, method = 'PUT') =>
  proxied.gateway.ask(`/t/johnsorg${path}`, {
    method: 'OPTIONS',
    headers: { origin, 'access-control-request-method': method },
  });
const corsOf = ({ headers }: { headers: object }) =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('access-control-')));

describe('a preflight', () => {
  it('needs no token, and names the methods of its resource alone', async () => {
    const answer = await preflight('/pizza/menu');
    expect([answer.status, answer.text, answer.headers['vary']]).toEqual([200, '', 'Origin']);
    expect(corsOf(answer)).toEqual({
      'access-control-allow-origin': ORIGIN,
      'access-control-allow-credentials': 'true',
      'access-control-allow-methods': 'GET, PUT, HEAD, OPTIONS',
      'access-control-allow-headers': 'authorization, content-type',
      'access-control-max-age': '600',
    });
    expect(corsOf(await preflight('/pizza/orders'))['access-control-allow-methods']).toBe('POST, OPTIONS');
    expect(answer.headers['x-correlation-id']).toBeDefined();
  });

  it.each(['https://evil.example', 'https://app.example.evil', 'http://app.example', 'null', 'https://APP.example'])(
    'tells %s nothing',
    async (origin) => {
      const answer = await preflight('/pizza/menu', origin);
      expect([answer.status, corsOf(answer)]).toEqual([200, {}]);
    },
  );

  it('tells any origin where all may, and then never with credentials', async () => {
    const told = corsOf(await preflight('/any/menu', 'https://anyone.example'));
    expect(told).toMatchObject({ 'access-control-allow-origin': '*' });
    expect(told).not.toHaveProperty('access-control-allow-credentials');
  });

  it('tells nothing where an API says nothing, and reaches the upstream where it lists OPTIONS', async () => {
    expect(corsOf(await preflight('/none/menu'))).toEqual({});
    proxied.upstream.reached.splice(0);
    expect((await preflight('/own/menu')).status).toBe(200);
    expect(proxied.upstream.reached[0]).toMatchObject({ method: 'OPTIONS', url: '/menu' });
  });

  it('is 404 for what is not there, and 503 while the API is blocked', async () => {
    for (const path of ['/pizza/nothing', '/nothing/menu']) expect((await preflight(path)).status).toBe(404);
    expect((await preflight('/blocked/menu')).status).toBe(503);
  });
});

describe('an answer to a browser', () => {
  const get = (path: string, headers: object) =>
    proxied.gateway.ask(`/t/johnsorg${path}`, { headers: { origin: ORIGIN, ...headers } });
  const allowed = {
    'access-control-allow-origin': ORIGIN,
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'etag',
  };

  it('can be read, and so can a refusal', async () => {
    const passed = await get('/pizza/menu', await proxied.bearer());
    expect([passed.status, corsOf(passed)]).toEqual([200, allowed]);
    for (const headers of [{}, { authorization: 'Bearer x' }]) {
      const refused = await get('/pizza/menu', headers);
      expect([refused.status, corsOf(refused)]).toEqual([401, allowed]);
    }
    expect(corsOf(await get('/pizza/menu', { ...(await proxied.bearer()), origin: 'https://evil.example' }))).toEqual(
      {},
    );
  });

  it('varies by origin beside what the upstream says', async () => {
    proxied.upstream.on((_, response) => response.writeHead(200, { vary: 'Accept' }).end());
    expect((await get('/pizza/menu', await proxied.bearer())).headers['vary']).toBe('Accept, Origin');
  });
});

it('OPTIONS by itself tells what there is', async () => {
  const { status, headers } = await proxied.gateway.ask('/t/johnsorg/pizza/menu', { method: 'OPTIONS' });
  expect([status, headers['allow']]).toEqual([200, 'GET, PUT, HEAD, OPTIONS']);
});
