import { api, resource, startProxied, type Proxied } from '../../test/proxied';
import { ROOT } from '../../test/started-gateway';

const AT = '/t/johnsorg/pizza/1.0.0';

let proxied: Proxied;
beforeAll(async () => {
  proxied = await startProxied(
    (upstream) => [
      api(`${upstream}/base/`, {
        resources: [
          resource('GET', '/menu', { scopes: ['read', 'admin'] }),
          resource('PUT', '/menu/{id}', { scopes: ['update'] }),
          resource('GET', '/menu/{id}'),
          resource('POST', '/menu'),
          resource('GET', '/open', { authentication: 'none' }),
          resource('GET', '/of-users', { authentication: 'user' }),
          resource('GET', '/of-applications', { authentication: 'application' }),
        ],
      }),
      api(upstream, { id: 'paid', context: '/paid', subscriptionRequired: true }),
      api(upstream, { id: 'blocked', context: '/blocked', state: 'BLOCKED' }),
      api(upstream, { id: 'old', context: '/old', state: 'DEPRECATED' }),
      api(upstream, { id: 'new', context: '/new', state: 'CREATED' }),
      api(upstream, { id: 'gone', context: '/gone', state: 'RETIRED' }),
      api(`${upstream}/two`, { id: 'pizza2', version: '2.0.0', isDefault: false }),
      api(upstream, { id: 'production', context: '/production', upstreams: { production: `${upstream}/p` } }),
      api(upstream, { id: 'sandbox', context: '/sandbox', upstreams: { sandbox: `${upstream}/s` } }),
      api(`${upstream}/kinds/p`, {
        id: 'kinds',
        context: '/kinds',
        upstreams: { production: `${upstream}/p`, sandbox: `${upstream}/s` },
      }),
      api(upstream, { id: 'root', organizationId: ROOT.id, context: '/tools' }),
    ],
    {
      UNBLOCKED: 'UNBLOCKED',
      BLOCKED: 'BLOCKED',
      PROD_ONLY_BLOCKED: 'PROD_ONLY_BLOCKED',
      ON_HOLD: 'ON_HOLD',
      REJECTED: 'REJECTED',
    },
  );
});
afterAll(() => proxied.close());

const get = async (path: string, headers = {}, method = 'GET') => proxied.gateway.ask(path, { method, headers });

describe('routes', () => {
  it('goes on to the upstream with path and query as they were checked', async () => {
    const { status, json, headers } = await get(`${AT}/menu/7?a=b%2Fc&d`, await proxied.bearer());
    expect([status, json]).toEqual([200, { method: 'GET', url: '/base/menu/7?a=b%2Fc&d', body: '' }]);
    expect(headers['x-correlation-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it.each([
    ['/t/johnsorg/pizza/1.0.0/menu/7', '/base/menu/7'],
    ['/t/johnsorg/pizza/menu/7', '/base/menu/7'],
    ['/t/johnsorg/pizza/menu/7/', '/base/menu/7/'],
    ['/t/johnsorg/pizza/2.0.0/anything', '/two/anything'],
    ['/t/johnsorg/pizza/2.0.0', '/two'],
    ['/t/johnsorg/pizza/menu/%37%20x', '/base/menu/7%20x'],
  ])('%s is %s of the upstream', async (path, reached) => {
    const { status, json } = await get(path, await proxied.bearer());
    expect([status, json?.url]).toEqual([200, reached]);
  });

  it('the root organization’s are at the root, and nobody else’s', async () => {
    const authorization = `Bearer ${await proxied.root.token({ client_id: 'root-client' })}`;
    expect((await get('/tools/1.0.0/x', { authorization })).json.url).toBe('/x');
    for (const path of ['/t/root/tools/1.0.0/x', '/t/johnsorg/tools/1.0.0/x', '/pizza/1.0.0/menu/7'])
      expect([path, (await get(path, { authorization })).status]).toEqual([path, 404]);
  });

  const unknown = { code: '404', type: 'Status report', message: 'Not Found' };
  it.each([
    '/nothing',
    '/t/johnsorg/nothing',
    '/t/JohnsOrg/pizza/1.0.0/menu',
    '/t/unknown/pizza/1.0.0/menu',
    '/t/suspended/pizza/1.0.0/menu',
    '/t/johnsorg',
    '/t/johnsorg/new/1.0.0/x',
    '/t/johnsorg/gone/1.0.0/x',
    '/t/johnsorg/Pizza/1.0.0/menu',
  ])('404 before authentication: %s is no API', async (path) => {
    const { status, json, headers } = await get(path);
    expect([status, json]).toEqual([404, { ...unknown, description: 'The requested resource is not available.' }]);
    expect(headers['x-correlation-id']).toMatch(/^[0-9a-f]{32}$/);
  });

  it('404 and 405 before authentication: no such resource, no such method', async () => {
    const none = await get(`${AT}/drinks`);
    expect([none.status, none.json]).toEqual([
      404,
      { code: '404', type: 'Status report', message: 'Runtime Error', description: expect.stringMatching(/^No match/) },
    ]);
    const method = await get(`${AT}/menu`, {}, 'DELETE');
    expect([method.status, method.json.code, method.headers.allow]).toEqual([405, '405', 'GET, POST, HEAD, OPTIONS']);
    for (const odd of ['TRACE', 'PROPFIND', 'MKCOL', 'SEARCH']) {
      const { status, json, headers } = await get(`${AT}/menu`, {}, odd);
      expect([odd, status, json.code, headers.allow]).toEqual([odd, 405, '405', 'GET, POST, HEAD, OPTIONS']);
    }
    const own = await get('/token', {}, 'PROPFIND');
    expect([own.status, own.headers.allow]).toEqual([405, 'POST']);
  });

  it('what Keyward serves itself keeps its own answers', async () => {
    expect((await get('/token')).json).toMatchObject({ error: 'invalid_request' });
    expect((await get('/api/v1/nothing')).json).toMatchObject({ code: 'not_found', status: 404 });
  });

  it('HEAD is as GET, with the same scope', async () => {
    expect((await get(`${AT}/menu`, await proxied.bearer({ scope: 'read' }), 'HEAD')).status).toBe(200);
    expect((await get(`${AT}/menu`, await proxied.bearer(), 'HEAD')).status).toBe(403);
    expect((await get(`${AT}/menu`, {}, 'HEAD')).status).toBe(401);
  });
});

describe('who may pass', () => {
  it('900902 RS-01 nobody without a token; the challenge says no more', async () => {
    const { status, json, headers } = await get(`${AT}/menu`);
    expect([status, json]).toEqual([
      401,
      {
        code: '900902',
        message: 'Missing Credentials',
        description:
          "Invalid Credentials. Make sure your API invocation call has a header: 'Authorization : Bearer ACCESS_TOKEN' or 'ApiKey : API_KEY'",
      },
    ]);
    expect(headers['www-authenticate']).toBe('Bearer realm="keyward"');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('900901 RS-02 no token that is none', async () => {
    const { status, json, headers } = await get(`${AT}/menu`, { authorization: 'Bearer nonsense' });
    expect([status, json]).toEqual([
      401,
      {
        code: '900901',
        message: 'Invalid Credentials',
        description: 'Invalid Credentials. Make sure you have provided the correct security credentials',
      },
    ]);
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="keyward", error="invalid_token", error_description="Invalid Credentials"',
    );
  });

  it('900910 RS-02 no token without the resource’s scope, which the challenge names', async () => {
    const { status, json, headers } = await get(`${AT}/menu/7`, await proxied.bearer({ scope: 'read' }), 'PUT');
    expect([status, json]).toEqual([
      403,
      {
        code: '900910',
        message: 'The access token does not allow you to access the requested resource',
        description: 'User is NOT authorized to access the Resource. Scope validation failed.',
      },
    ]);
    expect(headers['www-authenticate']).toBe(
      'Bearer realm="keyward", error="insufficient_scope", error_description="The access token does not allow you to ' +
        'access the requested resource", scope="update"',
    );
    expect((await get(`${AT}/menu/7`, await proxied.bearer({ scope: 'read update' }), 'PUT')).status).toBe(200);
  });

  it('RS-05 any one of several scopes is enough, and none of another name', async () => {
    for (const scope of ['read', 'admin', 'x admin'])
      expect([scope, (await get(`${AT}/menu`, await proxied.bearer({ scope }))).status]).toEqual([scope, 200]);
    for (const scope of ['', 'Read', 'rea', 'readx', 'read.all', 'read:x', 'READ', 'admin,read', '*']) {
      const { status, headers } = await get(`${AT}/menu`, await proxied.bearer({ scope }));
      expect([scope, status]).toEqual([scope, 403]);
      expect(headers['www-authenticate']).toContain('scope="read admin"');
    }
  });

  it('abuse 23: a token that passed one resource passes no other that needs more', async () => {
    const headers = await proxied.bearer({ scope: 'read' });
    for (const expected of [200, 200]) expect((await get(`${AT}/menu`, headers)).status).toBe(expected);
    expect((await get(`${AT}/menu/7`, headers, 'PUT')).status).toBe(403);
    const rootPath = '/tools/1.0.0/x';
    expect((await get(rootPath, headers)).json.code).toBe('900901');
    expect((await get(`${AT}/menu`, headers)).status).toBe(200);
  });

  it('a resource that needs no token takes none', async () => {
    expect((await get(`${AT}/open`)).status).toBe(200);
    expect((await get(`${AT}/open`, { authorization: 'Bearer nonsense' })).status).toBe(200);
  });

  it('900905 no user’s token where an application’s is needed, and the other way round', async () => {
    const user = await proxied.bearer();
    const application = await proxied.bearer({ auth_time: undefined, amr: undefined, sub: 'client' });
    const status = async (path: string, headers: object) => {
      const { status, json } = await get(`${AT}${path}`, headers);
      return [status, json.code];
    };
    expect(await status('/of-users', user)).toEqual([200, undefined]);
    expect(await status('/of-users', application)).toEqual([401, '900905']);
    expect(await status('/of-applications', application)).toEqual([200, undefined]);
    expect(await status('/of-applications', user)).toEqual([401, '900905']);
  });

  it.each([
    ['client-UNBLOCKED', 200, undefined],
    ['sandbox-UNBLOCKED', 200, undefined],
    ['client', 403, '900908'],
    ['client-BLOCKED', 401, '900907'],
    ['sandbox-BLOCKED', 401, '900907'],
    ['client-PROD_ONLY_BLOCKED', 401, '900907'],
    ['sandbox-PROD_ONLY_BLOCKED', 200, undefined],
    ['client-ON_HOLD', 401, '900909'],
    ['client-REJECTED', 401, '900909'],
    ['disabled', 401, '900901'],
    ['nobody', 401, '900901'],
    ['root-client', 401, '900901'],
  ])('a subscription: %s is answered %d %s', async (client_id, status, code) => {
    const answer = await get('/t/johnsorg/paid/1.0.0/x', await proxied.bearer({ client_id }));
    expect([answer.status, answer.json.code]).toEqual([status, code]);
  });

  it('700700 nobody while the API is blocked, whatever it is asked with', async () => {
    for (const headers of [{}, await proxied.bearer()]) {
      const { status, json } = await get('/t/johnsorg/blocked/1.0.0/x', headers);
      expect([status, json.code, json.message]).toEqual([503, '700700', 'API blocked']);
    }
    expect((await get('/t/johnsorg/old/1.0.0/x', await proxied.bearer())).status).toBe(200);
  });

  it('the upstream follows the kind of the key, and none stands in for it', async () => {
    const [production, sandbox] = await Promise.all([
      proxied.bearer(),
      proxied.bearer({ client_id: 'sandbox-client' }),
    ]);
    expect((await get('/t/johnsorg/kinds/x', production)).json.url).toBe('/p/x');
    expect((await get('/t/johnsorg/kinds/x', sandbox)).json.url).toBe('/s/x');
    for (const [api, headers, kind] of [
      ['production', sandbox, 'Sandbox'],
      ['sandbox', production, 'Production'],
    ] as const) {
      const { status, json } = await get(`/t/johnsorg/${api}/x`, headers);
      expect([status, json.code]).toEqual([403, '900901']);
      expect(json.description).toBe(`${kind} key offered to the API with no ${kind.toLowerCase()} endpoint`);
    }
  });

  it('RS-03 a token in the query is none', async () => {
    const token = await proxied.johnsorg.token();
    expect((await get(`${AT}/menu/7?access_token=${token}`)).json.code).toBe('900902');
  });

  it('RS-04 the scheme has no case, and two credentials are refused', async () => {
    const token = await proxied.johnsorg.token();
    for (const scheme of ['bearer', 'BEARER', 'bEaReR'])
      expect((await get(`${AT}/menu/7`, { authorization: `${scheme} ${token}` })).status).toBe(200);
    for (const authorization of [`Bearer  ${token}`, `Bearer ${token}, Bearer ${token}`, `Bearer ${token},x`]) {
      const { status, headers } = await get(`${AT}/menu/7`, { authorization });
      expect([status, headers['www-authenticate']]).toEqual([400, expect.stringContaining('error="invalid_request"')]);
    }
    const both = { authorization: [`Bearer ${token}`, `Bearer ${token}`] };
    expect((await get(`${AT}/menu/7`, both)).status).toBe(400);
    for (const authorization of ['Basic abc', 'Bearer', `Bearer\t${token}`, token, `Bearer${token}`])
      expect((await get(`${AT}/menu/7`, { authorization })).json.code).toBe('900902');
  });

  it('a refusal shows neither path nor token', async () => {
    const { text, headers } = await get(`${AT}/menu/secret-path`, { authorization: 'Bearer secret-token' });
    expect(text + JSON.stringify(headers)).not.toContain('secret');
  });
});
