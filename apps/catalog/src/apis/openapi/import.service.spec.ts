import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createScope, findApi, findScope, importApi, listApis, listScopes, type ImportApi } from '@keyward/contracts';
import { anOrganization } from '../../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

const bring = (organizationId: string, definition: string | object, more: Partial<ImportApi> = {}) =>
  catalog.bus.call(
    importApi,
    { organizationId, definition: typeof definition === 'string' ? definition : JSON.stringify(definition), ...more },
    call(),
  );
const api = (more: object = {}) => ({
  openapi: '3.0.3',
  info: { title: 'Pizza Shack', version: '1.0.0' },
  paths: {},
  ...more,
});
const answers = { responses: { 200: { description: 'well' } } };

const PIZZA = `
openapi: 3.1.0
info: { title: Pizza Shack, version: 1.0.0, description: All the pizzas }
servers: [{ url: 'https://{host}/' }, { url: 'https://pizza.example/v1/' }]
security: [{ oauth: [read] }]
components:
  securitySchemes:
    oauth:
      type: oauth2
      flows:
        password:
          tokenUrl: https://localhost:8243/token
          scopes: { read: See the menu, update: Change the menu, unused: Nobody needs it }
          x-scopes-bindings: { update: 'editor, Internal/publisher' }
paths:
  /menu:
    parameters: []
    get: &get { responses: { '200': { description: The menu } } }
    put: { security: [{ oauth: [update] }, { oauth: [admin] }], responses: { '200': { description: Changed } } }
  /menu/{id}:
    parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
    get: *get
    delete: { x-auth-type: Application User, responses: { '204': { description: Gone } } }
  /status:
    get: { security: [], responses: { '200': { description: Open to all } } }
`;

describe('an OpenAPI 3 document', () => {
  it('becomes an API with its resources, and its scopes become the organization’s', async () => {
    const organizationId = anOrganization();
    const made = await bring(organizationId, PIZZA);
    expect(made).toMatchObject({
      ...{ name: 'Pizza Shack', version: '1.0.0', context: '/pizza-shack', state: 'CREATED' },
      ...{ description: 'All the pizzas', upstreams: { production: 'https://pizza.example/v1' } },
      resources: [
        { verb: 'GET', template: '/menu', authentication: 'any', scopes: ['read'] },
        { verb: 'PUT', template: '/menu', authentication: 'any', scopes: ['update', 'admin'] },
        { verb: 'GET', template: '/menu/{id}', authentication: 'any', scopes: ['read'] },
        { verb: 'DELETE', template: '/menu/{id}', authentication: 'user', scopes: ['read'] },
        { verb: 'GET', template: '/status', authentication: 'none', scopes: [] },
      ],
    });
    const { items } = await catalog.bus.call(listScopes, { organizationId, limit: 50 }, call());
    expect(items.map(({ name, roles, description }) => [name, roles, description])).toEqual([
      ['admin', [], ''],
      ['read', [], 'See the menu'],
      ['unused', [], 'Nobody needs it'],
      ['update', ['editor', 'publisher'], 'Change the menu'],
    ]);
  });

  it('X-10 with a context that is none is refused at once, however many are read', async () => {
    const all = Array.from({ length: 6 }, () => refusalOf(bring(anOrganization(), PIZZA, { context: 'no context' })));
    const codes = (await Promise.all(all)).map((refusal) => refusal?.[0]);
    expect(codes).toEqual(Array<string>(6).fill('invalid_request'));
  });

  it('X-10 with NUL, or half a character, in its texts is refused', async () => {
    const broken = ['\0', '\ud800'].flatMap((text) => [
      api({ info: { title: 'Pizza', version: '1', description: text } }),
      api({ paths: { [`/${text}`]: { get: answers } } }),
      api({ paths: { '/': { get: { ...answers, 'x-scope': `a${text}` } } } }),
      api({ 'x-wso2-basePath': `/${text}` }),
    ]);
    for (const document of broken)
      expect(await refusalOf(bring(anOrganization(), document))).toEqual(['invalid_request', expect.any(String)]);
  });

  it('is taken in JSON, with what is given beside it going first', async () => {
    const paths = { '/': { get: answers } };
    const upstreams = { sandbox: 'https://sandbox.example' };
    const given = { name: 'Other', version: '7', context: '/other/place', upstreams };
    const made = await bring(anOrganization(), api({ paths, servers: [{ url: 'https://a.example' }] }), given);
    expect(made).toMatchObject({ ...given, upstreams: { production: 'https://a.example', ...upstreams } });
  });

  it('is taken as API Manager exports it', async () => {
    const made = await bring(
      anOrganization(),
      api({
        'x-wso2-basePath': '/pizzashack/1.0.0',
        'x-wso2-production-endpoints': { urls: ['https://prod.example/api'], type: 'http' },
        'x-wso2-sandbox-endpoints': { urls: ['https://sand.example/api'], type: 'http' },
        paths: {
          '/order': { post: { ...answers, 'x-auth-type': 'Application', 'x-throttling-tier': 'Unlimited' } },
          '/menu': { get: { ...answers, 'x-auth-type': 'None', security: [{ default: [] }] } },
        },
        components: {
          securitySchemes: {
            default: { type: 'oauth2', flows: { implicit: { authorizationUrl: 'https://a.example', scopes: {} } } },
          },
        },
      }),
    );
    expect(made).toMatchObject({
      context: '/pizzashack',
      upstreams: { production: 'https://prod.example/api', sandbox: 'https://sand.example/api' },
      resources: [
        { verb: 'POST', template: '/order', authentication: 'application' },
        { verb: 'GET', template: '/menu', authentication: 'none' },
      ],
    });
  });

  it('never opens a scope that is there already', async () => {
    const organizationId = anOrganization();
    await catalog.bus.call(createScope, { organizationId, name: 'read', roles: ['chef'] }, call());
    await bring(organizationId, PIZZA);
    expect((await catalog.bus.call(findScope, { organizationId, scope: 'read' }, call())).roles).toEqual(['chef']);
  });

  it('takes the place of a version’s resources when that is asked for', async () => {
    const organizationId = anOrganization();
    const first = await bring(organizationId, PIZZA);
    expect((await refusalOf(bring(organizationId, PIZZA)))?.[0]).toBe('conflict');
    const less = { ...api({ paths: { '/only': { get: answers } } }) };
    const second = await bring(organizationId, less, { replace: true });
    expect(second).toMatchObject({ id: first.id, context: first.context, upstreams: first.upstreams });
    expect(second.resources).toEqual([{ verb: 'GET', template: '/only', authentication: 'any', scopes: [] }]);
  });

  it('abuse 37: is read without fetching anything that it refers to', async () => {
    const asked: string[] = [];
    const server = createServer(({ url = '' }, response) => (asked.push(url), response.end('{"get":{}}')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const elsewhere = `http://127.0.0.1:${port}/path.json`;
    const organizationId = anOrganization();
    const references = [elsewhere, `${elsewhere}#/a`, 'file:///etc/passwd', '/etc/hostname', 'other.yaml#/a'];
    for (const $ref of references) {
      const refusal = await refusalOf(bring(organizationId, api({ paths: { '/a': { $ref } } })));
      expect(refusal).toEqual(['invalid_request', expect.stringContaining('not fetched')]);
    }
    const operation = ($ref: string) => ({
      responses: { 200: { description: 'well', content: { 'application/json': { schema: { $ref } } } } },
    });
    const paths = Object.fromEntries(references.map(($ref, n) => [`/b${n}`, { get: operation($ref) }]));
    expect(await refusalOf(bring(organizationId, api({ paths }), { name: 'Refers' }))).toBeUndefined();
    expect(asked).toEqual([]);
    server.close();
  });

  const SCHEMES = {
    securitySchemes: Object.fromEntries(
      ['o', 'p', 'default'].map((name) => [
        name,
        { type: 'oauth2', flows: { password: { tokenUrl: 'https://a.example', scopes: { r: '', w: '' } } } },
      ]),
    ),
  };
  const protectedBy = (more: object, document: object = {}) =>
    api({ components: SCHEMES, paths: { '/a/{id}': { put: { ...answers, ...idParameter, ...more } } }, ...document });
  const idParameter = { parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] };

  it.each<[string, object, string, object?]>([
    ['two schemes at once', { security: [{ o: ['r'], p: ['w'] }] }, 'needs o and p at once'],
    ['two scopes at once', { security: [{ o: ['r', 'w'] }] }, 'needs the scopes r and w at once'],
    ['two scopes at once, one way of two', { security: [{ o: ['r'] }, { p: ['r', 'w'] }] }, 'r and w at once'],
    ['two scopes at once everywhere', {}, 'r and w at once', { security: [{ o: ['r', 'w'] }] }],
    ['one scope in security and another in x-scope', { security: [{ o: ['r'] }], 'x-scope': 'w' }, 'x-scope'],
    ['an x-scope that is none', { 'x-scope': { r: true } }, 'x-scope'],
    ['a list of x-scope with what is none', { 'x-scope': ['r', 1] }, 'x-scope'],
  ])('RS-05 is refused by its operation’s name when it needs %s', async (_, operation, why, document = {}) => {
    const organizationId = anOrganization();
    const refusal = await refusalOf(bring(organizationId, protectedBy(operation, document)));
    expect(refusal).toEqual(['invalid_request', expect.stringContaining('PUT /a/{id}')]);
    expect(refusal?.[1]).toContain(why);
    expect((await catalog.bus.call(listApis, { organizationId, limit: 50 }, call())).items).toEqual([]);
  });

  it.each<[string, object, string[], object?]>([
    ['requirements of their own', { security: [{ o: ['r'] }, { p: ['w'] }] }, ['r', 'w']],
    ['a list of x-scope', { 'x-scope': ['r', 'w'] }, ['r', 'w']],
    ['the same twice', { security: [{ o: ['r'] }], 'x-scope': ['r'] }, ['r']],
    ['API Manager’s default', { security: [{ default: ['r', 'w'] }] }, ['r', 'w'], { 'x-wso2-basePath': '/a/1' }],
  ])('RS-05 needs one of several scopes when it says so by %s', async (_, operation, scopes, document = {}) => {
    const { resources } = await bring(anOrganization(), protectedBy(operation, document));
    expect(resources[0]?.scopes).toEqual(scopes);
  });

  it('has no more resources than an API may be changed to', async () => {
    const paths = (number: number) =>
      Object.fromEntries(Array.from({ length: number }, (_, n) => [`/a${n}`, { get: answers }]));
    const refusal = await refusalOf(bring(anOrganization(), api({ paths: paths(501) })));
    expect(refusal).toEqual(['invalid_request', expect.stringContaining('500 resources at most, and not 501')]);
    expect((await bring(anOrganization(), api({ paths: paths(500) }))).resources).toHaveLength(500);
  });

  it.each<[string, string | object]>([
    ['Swagger 2', { swagger: '2.0', info: { title: 'a', version: '1' }, paths: {} }],
    ['OpenAPI 4', api({ openapi: '4.0.0' })],
    ['no object', '[]'],
    ['no text of that kind', 'openapi: "3.0.0'],
    ['broken JSON', '{"openapi":"3.0.0"'],
    ['an invalid document', api({ paths: { '/a': { get: {} } } })],
    ['a path that is no template', api({ paths: { '/a;b': { get: answers } } })],
    [
      'a scope of the platform',
      api({
        paths: { '/a': { get: { ...answers, security: [{ o: ['keyward:manage'] }] } } },
        components: {
          securitySchemes: {
            o: { type: 'oauth2', flows: { password: { tokenUrl: 'https://a.example', scopes: {} } } },
          },
        },
      }),
    ],
    ['a version that is none', api({ info: { title: 'a', version: '../1' } })],
    ['a title that is none', api({ info: { title: '\u{1f355}', version: '1' } })],
    ['a context of the platform', api({ info: { title: 'token', version: '1' } })],
    [
      'aliases without end',
      [
        'a: &a [x]',
        ...['b', 'c', 'd', 'e', 'f', 'g'].map((name, i) => {
          const before = '*' + ('abcdef'[i] ?? '');
          return `${name}: &${name} [${Array(20).fill(before).join(',')}]`;
        }),
        'openapi: 3.0.0',
      ].join('\n'),
    ],
    ['nesting without end', `{"openapi":"3.0.0","x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`],
  ])('is refused with a reason when it is %s, and nothing is made', async (_, definition) => {
    const organizationId = anOrganization();
    expect(await refusalOf(bring(organizationId, definition))).toEqual(['invalid_request', expect.any(String)]);
    expect((await catalog.bus.call(listApis, { organizationId, limit: 50 }, call())).items).toEqual([]);
    expect((await catalog.bus.call(listScopes, { organizationId, limit: 50 }, call())).items).toEqual([]);
  });

  it('is refused when references make it endless, and the catalog answers meanwhile', async () => {
    const organizationId = anOrganization();
    const next = (n: number) => ({ $ref: `#/components/schemas/s${n + 1}` });
    const schemas = Object.fromEntries(
      Array.from({ length: 40 }, (_, n) => [
        `s${n}`,
        n === 39 ? { type: 'string' } : { type: 'object', properties: { a: next(n), b: next(n) } },
      ]),
    );
    const asked = refusalOf(bring(organizationId, api({ components: { schemas } })));
    expect(await refusalOf(catalog.bus.call(findApi, { organizationId, api: 'x' }, call()))).toEqual([
      'not_found',
      'no such API',
    ]);
    expect((await asked)?.[0]).toBe('invalid_request');
  });

  it('has 512 KiB at most', async () => {
    const large = api({ info: { title: 'a', version: '1', description: '\u20ac'.repeat(180_000) } });
    expect(await refusalOf(bring(anOrganization(), large))).toEqual([
      'invalid_request',
      expect.stringContaining('524288'),
    ]);
  });
});
