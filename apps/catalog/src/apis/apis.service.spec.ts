import {
  apis,
  changeApiState,
  copyApi,
  createApi,
  deleteApi,
  findApi,
  listApis,
  OWN_PATHS,
  updateApi,
  type ApiPage,
  type ApiState,
  type CreateApi,
} from '@keyward/contracts';
import {
  anApi,
  aName,
  anOrganization,
  apiRequest,
  aPublishedApi,
  aResource,
  aScope,
  aSubscription,
} from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

const create = (organizationId: string, more: Partial<CreateApi>) =>
  catalog.bus.call(createApi, apiRequest(organizationId, more), call());
const find = (organizationId: string, api: string) => catalog.bus.call(findApi, { organizationId, api }, call());
const move = (organizationId: string, api: string, state: ApiState) =>
  catalog.bus.call(changeApiState, { organizationId, api, state }, call());

describe('an API', () => {
  it('is made with what it was asked for, and told of in the feed as it then is', async () => {
    const organizationId = anOrganization();
    await aScope(catalog.bus, organizationId, 'read');
    const before = await catalog.bus.call(apis.position, {}, call());
    const cors = {
      ...{ allowOrigins: ['https://app.example'], allowHeaders: ['authorization'], exposeHeaders: [] },
      ...{ allowCredentials: true, maxAge: 600 },
    };
    const request = apiRequest(organizationId, {
      ...{ description: 'All the orders', context: '/shop/orders', cors, backendToken: true, isDefault: true },
      resources: [aResource({ scopes: ['read'] }), aResource({ verb: 'POST', template: '/*', authentication: 'user' })],
      upstreams: { production: 'https://orders.example/', sandbox: 'http://sandbox.example:8080/a/' },
    });
    const api = await catalog.bus.call(createApi, request, call());
    expect(api).toEqual({
      ...request,
      id: expect.any(String),
      state: 'CREATED',
      ...{ visibility: 'organization', visibleTo: [], subscriptionRequired: true, approvalRequired: false },
      upstreams: { production: 'https://orders.example', sandbox: 'http://sandbox.example:8080/a' },
      ...{ createdAt: expect.any(String), updatedAt: api.createdAt },
    });
    expect(await find(organizationId, api.id)).toEqual(api);
    const hidden = ['description', 'visibleTo', 'approvalRequired', 'createdAt', 'updatedAt'];
    const route = Object.fromEntries(Object.entries(api).filter(([name]) => !hidden.includes(name)));
    const { changes } = await catalog.bus.call(apis.since, before, call());
    expect(changes).toEqual([{ position: before.position + 1, id: api.id, record: route }]);
    const { records } = await catalog.bus.call(apis.snapshot, { limit: 500 }, call());
    expect(records.find(({ id }) => id === api.id)?.record).toEqual(route);
  });

  it.each(OWN_PATHS.flatMap((path) => [`/${path}`, `/${path.toUpperCase()}/x`]))(
    'is not served at %s, which is the platform’s own',
    async (context) => {
      expect(await refusalOf(create(anOrganization(), { context }))).toEqual([
        'invalid_request',
        expect.stringContaining('own'),
      ]);
    },
  );

  it.each([
    ...['', '/', 'pizza', '/pizza/', '//pizza', '/pi zza', '/.well-known', '/..', '/a/../token', '/a/.', '/%74oken'],
    ...['/a;b', '/a?b', '/a#b', '/piz\u00a0za', '/\u0000', '/{org}', '/*', '/a\\b'],
  ])('is not served at %j, which is no context', async (context) => {
    expect((await refusalOf(create(anOrganization(), { context })))?.[0]).toBe('invalid_request');
  });

  it('has one context for all its versions, and no path that is the beginning of another’s', async () => {
    const organizationId = anOrganization();
    await create(organizationId, { name: 'Shop', context: '/shop', version: '1' });
    for (const taken of [
      { name: 'Shop', context: '/shop', version: '1' },
      { name: 'Shop', context: '/other', version: '2' },
      { name: 'Another', context: '/shop', version: '2' },
      { name: 'Another', context: '/SHOP', version: '1' },
      { name: 'Another', context: '/shop/1', version: '2' },
    ])
      expect((await refusalOf(create(organizationId, taken)))?.[0]).toBe('conflict');
    await create(organizationId, { name: 'Shop', context: '/shop', version: '2' });
    await create(organizationId, { name: 'Shopping', context: '/shopping', version: '1' });
    await create(anOrganization(), { name: 'Shop', context: '/shop', version: '1' });
  });

  it.each([
    ...[
      'orders',
      '',
      '//',
      '/a//b',
      '/./b',
      '/a/..',
      '/a/*/b',
      '/**',
      '/a*',
      '/{',
      '/{}',
      '/{a}{b}',
      '/{a}/{a}',
      '/%2e',
    ],
    ...['/a;b', '/a b', '/caf\u00e9', '/{+path}', '/a?b', '/a#b', '/\u0000'],
  ])('RS-05 has no resource %j', async (template) => {
    expect((await refusalOf(create(anOrganization(), { resources: [aResource({ template })] })))?.[0]).toBe(
      'invalid_request',
    );
  });

  it.each(['/', '/*', '/a/*', '/a/', '/orders/{id}', '/{a}-{b}.json', "/a.b~c!$&'()+,=:@-"])(
    'RS-05 may have the resource %j',
    async (template) => {
      const { resources } = await create(anOrganization(), { resources: [aResource({ template })] });
      expect(resources).toEqual([aResource({ template })]);
    },
  );

  it('RS-05 has no two resources that the same request would match', async () => {
    for (const again of ['/orders/{other}', '/orders/{id}/'])
      expect(
        await refusalOf(create(anOrganization(), { resources: [aResource(), aResource({ template: again })] })),
      ).toEqual(['invalid_request', expect.stringContaining('twice')]);
  });

  it('RS-05 names scopes that there are, and none where there is no authentication', async () => {
    const organizationId = anOrganization();
    await aScope(catalog.bus, organizationId, 'read');
    const withScope = (resource: object) => create(organizationId, { resources: [aResource(resource)] });
    expect(await refusalOf(withScope({ scopes: ['read', 'update'] }))).toEqual([
      'invalid_request',
      'there is no scope update: create it first',
    ]);
    expect((await refusalOf(withScope({ scopes: ['read'], authentication: 'none' })))?.[0]).toBe('invalid_request');
    expect((await withScope({ scopes: ['read', 'openid'] })).resources[0]?.scopes).toEqual(['read', 'openid']);
    const another = anOrganization();
    expect((await refusalOf(create(another, { resources: [aResource({ scopes: ['read'] })] })))?.[0]).toBe(
      'invalid_request',
    );
  });

  it.each([
    ...['ftp://a.example', 'orders.example', 'javascript:alert(1)', 'https://u:p@a.example', 'https://a.example/?x=1'],
    ...[
      'https://a.example/#x',
      'http://169.254.169.254/latest',
      'http://2852039166/',
      'http://[fe80::1]/',
      'http://0/',
    ],
    ...['http://[::ffff:169.254.169.254]/', 'https://', 'file:///etc/passwd'],
  ])('abuse 37: has no upstream %s', async (production) => {
    expect(await refusalOf(create(anOrganization(), { upstreams: { production } }))).toEqual([
      'invalid_request',
      expect.stringContaining('upstream'),
    ]);
  });

  it('allows credentials to named origins alone', async () => {
    const cors = { allowOrigins: ['*'], allowHeaders: [], exposeHeaders: [], allowCredentials: true, maxAge: 0 };
    expect((await refusalOf(create(anOrganization(), { cors })))?.[0]).toBe('invalid_request');
    await create(anOrganization(), { cors: { ...cors, allowCredentials: false } });
  });

  it('has too many resources when its record would not go over the wire', async () => {
    const template = (n: number) => `/${'x'.repeat(250)}/{a}/${'y'.repeat(40)}${n}`;
    const scopes = Array.from({ length: 20 }, (_, n) => `${'scope'.repeat(8)}-${n}`);
    const organizationId = anOrganization();
    for (const scope of scopes) await aScope(catalog.bus, organizationId, scope);
    const resources = Array.from({ length: 300 }, (_, n) => aResource({ template: template(n), scopes }));
    expect(await refusalOf(create(organizationId, { resources }))).toEqual([
      'invalid_request',
      'the API has too many resources',
    ]);
  });
});

describe('the life cycle of an API', () => {
  const NEXT: Record<ApiState, ApiState[]> = {
    CREATED: ['PUBLISHED'],
    PUBLISHED: ['DEPRECATED', 'BLOCKED'],
    BLOCKED: ['PUBLISHED', 'DEPRECATED', 'RETIRED'],
    DEPRECATED: ['RETIRED'],
    RETIRED: [],
  };
  const WAY: Record<ApiState, ApiState[]> = {
    CREATED: [],
    PUBLISHED: ['PUBLISHED'],
    BLOCKED: ['PUBLISHED', 'BLOCKED'],
    DEPRECATED: ['PUBLISHED', 'DEPRECATED'],
    RETIRED: ['PUBLISHED', 'DEPRECATED', 'RETIRED'],
  };

  it.each(Object.entries(NEXT) as [ApiState, ApiState[]][])('goes from %s to %j alone', async (from, next) => {
    for (const to of Object.keys(NEXT) as ApiState[]) {
      const organizationId = anOrganization();
      const { id } = await anApi(catalog.bus, organizationId);
      for (const state of WAY[from]) await move(organizationId, id, state);
      if (next.includes(to) || to === from) expect((await move(organizationId, id, to)).state).toBe(to);
      else expect((await refusalOf(move(organizationId, id, to)))?.[0]).toBe('invalid_request');
      expect((await find(organizationId, id)).state).toBe(next.includes(to) ? to : from);
    }
  });

  it('publishes nothing without an upstream or without resources, and takes neither away afterwards', async () => {
    const organizationId = anOrganization();
    for (const missing of [{ upstreams: {} }, { resources: [] }]) {
      const { id } = await anApi(catalog.bus, organizationId, missing);
      expect((await refusalOf(move(organizationId, id, 'PUBLISHED')))?.[0]).toBe('invalid_request');
      const published = await aPublishedApi(catalog.bus, organizationId);
      const update = { organizationId, api: published.id, ...missing };
      expect((await refusalOf(catalog.bus.call(updateApi, update, call())))?.[0]).toBe('invalid_request');
    }
  });

  it('ends with its deletion, which waits for its subscribers unless it has retired', async () => {
    const organizationId = anOrganization();
    const { id } = await aPublishedApi(catalog.bus, organizationId);
    await aSubscription(catalog.bus, organizationId, id);
    const remove = () => catalog.bus.call(deleteApi, { organizationId, api: id }, call());
    expect((await refusalOf(remove()))?.[0]).toBe('conflict');
    await move(organizationId, id, 'DEPRECATED');
    await move(organizationId, id, 'RETIRED');
    await remove();
    expect(await refusalOf(find(organizationId, id))).toEqual(['not_found', 'no such API']);
    const { records } = await catalog.bus.call(apis.snapshot, { limit: 500 }, call());
    expect(records.some((record) => record.id === id)).toBe(false);
  });
});

describe('versions of an API', () => {
  it('are copied with all they have, and one of them is the default', async () => {
    const organizationId = anOrganization();
    const first = await aPublishedApi(catalog.bus, organizationId, { isDefault: true, description: 'The first' });
    const copy = (version: string) => catalog.bus.call(copyApi, { organizationId, api: first.name, version }, call());
    const second = await copy('2.0');
    expect(second).toEqual({
      ...first,
      ...{ id: expect.any(String), version: '2.0', isDefault: false, state: 'CREATED' },
      ...{ createdAt: expect.any(String), updatedAt: expect.any(String) },
    });
    expect((await refusalOf(copy('2.0')))?.[0]).toBe('conflict');
    await catalog.bus.call(updateApi, { organizationId, api: `${first.name}:2.0`, isDefault: true }, call());
    expect((await find(organizationId, first.name)).version).toBe('2.0');
    expect((await find(organizationId, `${first.name}:1.0`)).isDefault).toBe(false);
    await catalog.bus.call(updateApi, { organizationId, api: second.id, isDefault: false }, call());
    expect(await refusalOf(find(organizationId, first.name))).toEqual([
      'invalid_request',
      expect.stringContaining(`${first.name}:1.0`),
    ]);
  });

  it('are listed in parts, in the order of names and versions', async () => {
    const organizationId = anOrganization();
    for (const version of ['2', '10', '1'])
      await anApi(catalog.bus, organizationId, { name: 'b', context: '/b', version });
    await anApi(catalog.bus, organizationId, { name: 'a', context: '/a' });
    const listed: string[] = [];
    for (let after: string | undefined = ''; after !== undefined;) {
      const page: ApiPage = await catalog.bus.call(
        listApis,
        { organizationId, limit: 2, ...(after && { after }) },
        call(),
      );
      listed.push(...page.items.map(({ name, version }) => `${name}:${version}`));
      after = page.next;
    }
    expect(listed).toEqual(['a:1.0', 'b:1', 'b:10', 'b:2']);
  });
});

describe('abuse 1: another organization', () => {
  it('sees and changes nothing of an API', async () => {
    const [own, another] = [anOrganization(), anOrganization()];
    const api = await aPublishedApi(catalog.bus, own, { name: aName('private') });
    for (const named of [api.id, api.name, `${api.name}:1.0`]) {
      const request = { organizationId: another, api: named };
      for (const asked of [
        () => catalog.bus.call(findApi, request, call()),
        () => catalog.bus.call(updateApi, { ...request, description: 'mine' }, call()),
        () => catalog.bus.call(changeApiState, { ...request, state: 'BLOCKED' }, call()),
        () => catalog.bus.call(copyApi, { ...request, version: '2' }, call()),
        () => catalog.bus.call(deleteApi, request, call()),
        () => aSubscription(catalog.bus, another, named),
      ])
        expect(await refusalOf(asked())).toEqual(['not_found', 'no such API']);
    }
    expect((await catalog.bus.call(listApis, { organizationId: another, limit: 50 }, call())).items).toEqual([]);
    expect(await find(own, api.id)).toEqual(api);
  });
});
