import { timeLeft } from '@keyward/bus';
import {
  ADMIN_SCOPE,
  clientRevocations,
  createApplication,
  createOrganization,
  createUser,
  deleteKey,
  deleteUser,
  endRefreshFamilies,
  endSessions,
  findOrganization,
  findUser,
  forgetClients,
  generateKey,
  findRole,
  getJwks,
  importApi,
  listApis,
  listKeys,
  listOrganizations,
  listSigningKeys,
  listUsers,
  MANAGEMENT_SCOPE,
  PUBLISHER_SCOPE,
  resetPassword,
  revocationId,
  revokeSigningKey,
  ROOT_ORGANIZATION,
  rotateSecret,
  rotateSigningKey,
  ServiceError,
  unlockUser,
  updateApi,
  updateApplication,
  updateKey,
  updateOrganization,
  updateUser,
  verifyBearer,
  type ErrorCode,
  type Role,
  type Rpc,
  type User,
} from '@keyward/contracts';
import { raw } from '../../test/raw';
import { JOHNSORG, Services, SUSPENDED, testGateway, type Asked, type TestGateway } from '../../test/started-gateway';

const OPERATOR = {
  sub: 's',
  clientId: 'keyward-cli',
  organizationId: ROOT_ORGANIZATION.id,
  orgKey: ROOT_ORGANIZATION.key,
  scopes: [MANAGEMENT_SCOPE],
};
const ORGANIZATIONS = '/api/v1/organizations';
const USERS = `${ORGANIZATIONS}/johnsorg/users`;
const id = JOHNSORG.id;

describe('management API', () => {
  let services: Services;
  let gateway: TestGateway;
  let bearer: object;
  let seen: unknown[];

  beforeAll(async () => {
    services = new Services();
    gateway = await testGateway(services);
    services.on(verifyBearer, ({ token }) => {
      if (token !== 'good') throw new ServiceError('invalid_token');
      return bearer as typeof OPERATOR;
    });
    services.on(forgetClients, () => ({}));
    services.on(findOrganization, ({ key }) => {
      const found = [JOHNSORG, SUSPENDED].find((each) => each.key === key);
      if (!found) throw new ServiceError('not_found');
      return found;
    });
  });
  afterAll(() => gateway.close());
  beforeEach(() => {
    bearer = OPERATOR;
    seen = [];
  });

  const answering = <Req extends object, Res extends object>(message: Rpc<Req, Res>, answer: object = { done: true }) =>
    services.on(message, (request) => {
      seen.push(request);
      return answer as Res;
    });
  const ask = (path: string, method = 'GET', body?: unknown, headers: Asked['headers'] = {}) =>
    gateway.ask(path, {
      method,
      headers: {
        authorization: 'Bearer good',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
    });

  describe('who may', () => {
    it('RS-01 without credentials the challenge has no error', async () => {
      for (const headers of [undefined, { authorization: 'Basic eDp5' }]) {
        const answer = await gateway.ask(USERS, { headers });
        expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer realm="keyward"']);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
        expect(answer.json).toEqual({ type: 'about:blank', title: 'Unauthorized', status: 401, code: 'unauthorized' });
      }
    });

    it.each([
      'Bearer bad',
      'bearer bad',
      'Bearer',
      'Bearer  good',
      'Bearer good, Bearer good',
      'Bearer good x',
      `Bearer ${'x'.repeat(9000)}`,
    ])('RS-02 RS-04 %.40j is invalid_token', async (authorization) => {
      const { status, headers } = await ask(USERS, 'GET', undefined, { authorization });
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer realm="keyward", error="invalid_token"']);
    });

    it.each([
      ['another scope', { scopes: ['default', 'keyward:manage2'] }],
      ['another organization', { organizationId: id }],
    ])('RS-02 %s is insufficient_scope', async (_, changes) => {
      bearer = { ...OPERATOR, ...changes };
      const { status, headers, json } = await ask(USERS);
      expect([status, json.code]).toEqual([403, 'insufficient_scope']);
      expect(headers['www-authenticate']).toBe(
        'Bearer realm="keyward", error="insufficient_scope", scope="keyward:manage"',
      );
    });

    it('DP-01 RFC 9449 §8.2 is told the nonce for its next proof', async () => {
      bearer = { ...OPERATOR, dpopNonce: 'next' };
      answering(listOrganizations, { items: [] });
      expect((await ask(ORGANIZATIONS)).headers['dpop-nonce']).toBe('next');
    });

    it('RS-03 a token in the URL is ignored', async () => {
      expect((await gateway.ask(`${USERS}?access_token=good`)).status).toBe(401);
    });

    it('RS-04 two Authorization headers are refused', async () => {
      const header = 'Authorization: Bearer good\r\n';
      expect(await raw(gateway.url, `GET ${USERS} HTTP/1.1\r\nHost: x\r\n${header}${header}\r\n`)).toMatch(
        /^HTTP\/1.1 400 /,
      );
    });

    it('every route asks', async () => {
      for (const [path, method] of [
        [ORGANIZATIONS, 'GET'],
        [`${ORGANIZATIONS}/johnsorg`, 'PATCH'],
        [`${USERS}/x`, 'DELETE'],
        [`${ORGANIZATIONS}/johnsorg/applications/x/keys`, 'POST'],
        [`${ORGANIZATIONS}/johnsorg/keys/x/rotate-secret`, 'POST'],
        [`${ORGANIZATIONS}/johnsorg/signing-keys/rotate`, 'POST'],
      ] as const)
        expect((await gateway.ask(path, { method })).status).toBe(401);
    });
  });

  it('JK-06 of a key that was revoked before, what was asked to end with it still ends; of an unknown one nothing', async () => {
    services.on(revokeSigningKey, () => {
      throw new ServiceError('not_found');
    });
    answering(endRefreshFamilies, { ended: 0 });
    services.on(listSigningKeys, () => ({ keys: [] }));
    const gone = { kind: 'signing-key', name: 'gone', organizationId: id, until: Date.now() / 1000 + 60 } as const;
    services.change(clientRevocations, revocationId(gone), gone);
    await new Promise((resolve) => setImmediate(resolve)); // By then the gateway has heard it.
    const revoke = (kid: string, body: object) =>
      ask(`${ORGANIZATIONS}/johnsorg/signing-keys/${kid}/revoke`, 'POST', body);
    expect((await revoke('unknown', { endGrants: true })).status).toBe(404);
    expect((await revoke('gone', {})).status).toBe(404);
    expect(seen).toEqual([]);
    expect((await revoke('gone', { endGrants: true })).status).toBe(200);
    expect(seen).toEqual([{ organizationId: id }]);
  });

  describe('routes', () => {
    const APPLICATION = `${ORGANIZATIONS}/johnsorg/applications/My%20app%2F1`;
    const KEY = `${ORGANIZATIONS}/johnsorg/keys/abc_def`;
    it.each<[string, string, unknown, Rpc<object, object>, number, object]>([
      ['GET', `${ORGANIZATIONS}?limit=2&after=a`, undefined, listOrganizations, 200, { limit: 2, after: 'a' }],
      ['POST', ORGANIZATIONS, { key: 'new' }, createOrganization, 201, { key: 'new' }],
      [
        'PATCH',
        `${ORGANIZATIONS}/johnsorg`,
        { state: 'suspended' },
        updateOrganization,
        200,
        { organizationId: id, state: 'suspended' },
      ],
      ['GET', USERS, undefined, listUsers, 200, { organizationId: id, limit: 50 }],
      [
        'POST',
        USERS,
        { username: 'john', roles: ['operator'] },
        createUser,
        201,
        { organizationId: id, username: 'john', roles: ['operator'] },
      ],
      [
        'GET',
        `${USERS}/john%40johns.org`,
        undefined,
        findUser,
        200,
        { organizationId: id, username: 'john@johns.org' },
      ],
      [
        'PATCH',
        `${USERS}/john`,
        { state: 'disabled' },
        updateUser,
        200,
        { organizationId: id, username: 'john', state: 'disabled' },
      ],
      ['POST', `${USERS}/john/unlock`, undefined, unlockUser, 200, { organizationId: id, username: 'john' }],
      [
        'POST',
        `${ORGANIZATIONS}/JohnsOrg/applications`,
        { name: 'My app/1' },
        createApplication,
        201,
        { organizationId: id, name: 'My app/1' },
      ],
      [
        'PATCH',
        APPLICATION,
        { name: 'B' },
        updateApplication,
        200,
        { organizationId: id, application: 'My app/1', name: 'B' },
      ],
      [
        'GET',
        `${APPLICATION}/keys`,
        undefined,
        listKeys,
        200,
        { organizationId: id, application: 'My app/1', limit: 50 },
      ],
      [
        'POST',
        `${APPLICATION}/keys`,
        { kind: 'sandbox', grantTypes: ['password'] },
        generateKey,
        201,
        {
          ...{ organizationId: id, application: 'My app/1', kind: 'sandbox', grantTypes: ['password'] },
          highAssurance: false,
        },
      ],
      [
        'GET',
        `${ORGANIZATIONS}/johnsorg/keys?application=A`,
        undefined,
        listKeys,
        200,
        { organizationId: id, application: 'A', limit: 50 },
      ],
      [
        'PATCH',
        KEY,
        { accessTokenLifetime: 60 },
        updateKey,
        200,
        { organizationId: id, consumerKey: 'abc_def', accessTokenLifetime: 60, highAssurance: false },
      ],
      ['DELETE', KEY, undefined, deleteKey, 204, { organizationId: id, consumerKey: 'abc_def' }],
      [
        'POST',
        `${KEY}/rotate-secret`,
        { overlap: 0 },
        rotateSecret,
        200,
        { organizationId: id, consumerKey: 'abc_def', overlap: 0 },
      ],
      [
        'POST',
        `${ORGANIZATIONS}/johnsorg/signing-keys/rotate`,
        { now: true },
        rotateSigningKey,
        200,
        { organizationId: id, now: true },
      ],
    ])('%s %s', async (method, path, body, message, expected, request) => {
      answering(message);
      const { status, text, headers } = await ask(path, method, body);
      expect([status, text]).toEqual([expected, expected === 204 ? '' : '{"done":true}']);
      expect(seen).toEqual([request]);
      expect(headers['cache-control']).toBe('no-store');
    });

    it.each<[string, string, Rpc<object, object>, object, number]>([
      ['DELETE', `${USERS}/john`, deleteUser, {}, 204],
      ['POST', `${USERS}/john/reset-password`, resetPassword, { user: { id: 'john-id' } }, 200],
      ['PATCH', `${USERS}/john`, updateUser, { id: 'john-id', state: 'disabled' }, 200],
    ])(
      'BL-01 %s %s ends sessions as well, so that clients are told',
      async (method, path, message, answer, expected) => {
        services.on(findUser, () => ({ id: 'john-id' }) as User);
        answering(message, answer);
        answering(endSessions, {});
        const body = method === 'PATCH' ? { state: 'disabled' } : undefined;
        expect((await ask(path, method, body)).status).toBe(expected);
        expect(seen).toEqual([
          expect.objectContaining({ organizationId: id, username: 'john' }),
          { organizationId: id, sub: 'john-id' },
        ]);
        // What was done is answered whatever becomes of that.
        services.on(endSessions, () => {
          throw new ServiceError('temporarily_unavailable');
        });
        expect((await ask(path, method, body)).status).toBe(expected);
      },
    );

    it('a document has the time to be read, or to be refused', async () => {
      let left = 0;
      services.on(importApi, (_, call) => {
        left = timeLeft(call);
        throw new ServiceError('invalid_request', 'it takes too long to read');
      });
      const { status, json } = await ask(`${ORGANIZATIONS}/johnsorg/apis/import`, 'POST', { definition: '[' });
      expect([status, json.detail]).toEqual([400, 'it takes too long to read']);
      expect(left).toBeGreaterThan(8000);
    });

    it('MT-20 APIs are asked for with the roles of a publisher, and with those of nobody who manages all', async () => {
      const own = { organizationId: id, orgKey: 'johnsorg', roles: ['chef'] };
      answering(listApis, { items: [] });
      for (const scopes of [[PUBLISHER_SCOPE], [PUBLISHER_SCOPE, ADMIN_SCOPE]]) {
        bearer = { ...OPERATOR, ...own, scopes };
        expect((await ask(`${ORGANIZATIONS}/johnsorg/apis`)).status).toBe(200);
      }
      bearer = { ...OPERATOR, roles: ['operator'] };
      await ask(`${ORGANIZATIONS}/johnsorg/apis`);
      const all = { organizationId: id, limit: 50 };
      expect(seen).toEqual([{ ...all, seenWith: ['chef'] }, all, all]);
      bearer = { ...OPERATOR, ...own, scopes: [PUBLISHER_SCOPE] };
      const claimed = await ask(`${ORGANIZATIONS}/johnsorg/apis/x`, 'PATCH', { seenWith: ['boss'] });
      expect([claimed.status, claimed.json.code]).toEqual([400, 'invalid_request']);
    });

    it('an API is visible to roles that are there', async () => {
      services.on(findRole, ({ role }) => {
        if (role !== 'chef') throw new ServiceError('not_found', 'no such role');
        return { name: role } as Role;
      });
      answering(updateApi);
      const visibleTo = (roles: string[]) =>
        ask(`${ORGANIZATIONS}/johnsorg/apis/x`, 'PATCH', { visibility: 'roles', visibleTo: roles });
      const refused = await visibleTo(['chef', 'boss']);
      expect([refused.status, refused.json.detail]).toEqual([400, 'there is no role boss: create it first']);
      expect(seen).toEqual([]);
      expect((await visibleTo(['chef'])).status).toBe(200);
    });

    it('JK-05 the JWKS shows a rotation at once', async () => {
      const jwks = (kid: string) => services.on(getJwks, () => ({ keys: [{ kid } as never] }));
      answering(rotateSigningKey, { keys: [] });
      jwks('before');
      expect((await gateway.ask('/t/johnsorg/jwks')).json.keys[0].kid).toBe('before');
      jwks('after');
      await ask(`${ORGANIZATIONS}/johnsorg/signing-keys/rotate`, 'POST', {});
      expect((await gateway.ask('/t/johnsorg/jwks')).json.keys[0].kid).toBe('after');
    });
  });

  describe('refusals', () => {
    it('abuse 2: an unknown organization is 404 on every route, and nothing runs', async () => {
      answering(listUsers);
      answering(createUser);
      for (const orgkey of ['unknown', 'johnsorg%00', '..%2Fjohnsorg', '%20'])
        for (const [method, body] of [['GET'], ['POST', { username: 'x' }]] as const) {
          const { status, json } = await ask(`${ORGANIZATIONS}/${orgkey}/users`, method, body);
          expect([status, json.code]).toEqual([404, 'not_found']);
        }
      expect(seen).toEqual([]);
    });

    it.each([
      { username: 'x', organizationId: ROOT_ORGANIZATION.id },
      { username: 'x', passwordHash: 'y' },
      { username: 'x', id: '1', lockedUntil: null },
      { username: 'x', __proto__x: 1 },
      '{"username":"x","__proto__":{"roles":["operator"]}}',
      '{"username":"x","constructor":{"prototype":{}}}',
    ])('abuse 30: members that are not part of the body are refused: %j', async (body) => {
      answering(createUser);
      const { status, json } = await ask(USERS, 'POST', body);
      expect([status, json.code]).toEqual([400, 'invalid_request']);
      expect(seen).toEqual([]);
    });

    it.each([
      [USERS, 'POST', {}],
      [USERS, 'POST', undefined],
      [USERS, 'POST', { username: 5 }],
      [USERS, 'POST', []],
      [USERS, 'POST', 'null'],
      [USERS, 'POST', '"text"'],
      [USERS, 'POST', '{"username":'],
      [USERS, 'POST', { username: 'x', roles: 'operator' }],
      [USERS, 'POST', `{"username":${'['.repeat(30_000)}${']'.repeat(30_000)}}`],
      [USERS, 'POST', '{"username":{"a":{"a":{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}}}}'],
      [`${USERS}?limit=0`, 'GET', undefined],
      [`${USERS}?limit=201`, 'GET', undefined],
      [`${USERS}?limit=x`, 'GET', undefined],
      [`${USERS}?limit=1&limit=2`, 'GET', undefined],
      [`${USERS}?organizationId=x`, 'GET', undefined],
    ])('%s %s %.60j is a problem', async (path, method, body) => {
      answering(createUser);
      answering(listUsers);
      const { status, headers, json } = await ask(path, method, body);
      expect([status, json.code, json.title]).toEqual([400, 'invalid_request', 'Bad Request']);
      expect(headers['content-type']).toMatch(/^application\/problem\+json/);
      expect(seen).toEqual([]);
    });

    it.each(['\\u0000', 'a\\u0000b', '\\ud800', 'x\\udfffy'])(
      'X-10 %s in a text, or in a name, is refused',
      async (text) => {
        answering(createUser);
        for (const body of [`{"username":"${text}"}`, `{"username":"x","roles":["${text}"]}`, `{"${text}":1}`]) {
          const { status, json } = await ask(USERS, 'POST', body);
          expect([status, json.code]).toEqual([400, 'invalid_request']);
        }
        expect(seen).toEqual([]);
      },
    );

    it('X-10 a NUL is a character of a password, half a character is none', async () => {
      answering(createUser);
      const password = (text: string) => `{"username":"x","password":"a long password${text}"}`;
      expect((await ask(USERS, 'POST', password('\\u0000'))).status).toBe(201);
      expect((await ask(USERS, 'POST', password('\\ud800'))).status).toBe(400);
      expect(seen).toHaveLength(1);
    });

    it('X-10 no name of a path and no query has NUL in it', async () => {
      answering(findUser);
      answering(listUsers);
      expect((await ask(`${USERS}/a%00b`)).status).toBe(404);
      expect((await ask(`${USERS}?after=%00`)).status).toBe(400);
      expect(seen).toEqual([]);
    });

    it('X-10 null is taken where it says something, and nowhere else', async () => {
      answering(createUser);
      answering(updateKey);
      for (const body of [
        { username: 'x', roles: null },
        { username: 'x', profile: { name: null } },
        { username: null },
      ]) {
        const { status, json } = await ask(USERS, 'POST', body);
        expect([status, json.code]).toEqual([400, 'invalid_request']);
      }
      expect(seen).toEqual([]);
      const key = `${ORGANIZATIONS}/johnsorg/keys/x`;
      expect((await ask(key, 'PATCH', { accessTokenLifetime: null })).status).toBe(200);
      expect((await ask(key, 'PATCH', { jwksUri: null })).status).toBe(400);
    });

    it('DR-06 X-10 a DELETE that names a type, and sends nothing, deletes', async () => {
      answering(deleteKey);
      const headers = { 'content-type': 'application/json' };
      expect((await ask(`${ORGANIZATIONS}/johnsorg/keys/x`, 'DELETE', undefined, headers)).status).toBe(204);
      expect((await ask(USERS, 'POST', '', headers)).status).toBe(400);
      expect(seen).toHaveLength(1);
    });

    it('a body of another type is 415, one too large 413', async () => {
      const form = { 'content-type': 'application/x-www-form-urlencoded' };
      expect((await ask(USERS, 'POST', 'username=x', form)).status).toBe(415);
      expect((await ask(USERS, 'POST', { username: 'x'.repeat(70_000) })).status).toBe(413);
    });

    it.each<[ErrorCode, number]>([
      ['not_found', 404],
      ['conflict', 409],
      ['invalid_request', 400],
      ['temporarily_unavailable', 503],
      ['server_error', 500],
    ])('%s is a problem with status %i', async (code, expected) => {
      services.on(findUser, () => {
        throw new ServiceError(code, 'why "so"');
      });
      const { status, json } = await ask(`${USERS}/john`);
      expect(status).toBe(expected);
      expect(json).toMatchObject({ type: 'about:blank', status: expected, code, detail: 'why "so"' });
    });

    it('an unknown path is a 404 problem, another method 405 with Allow', async () => {
      const unknown = await ask('/api/v1/nothing');
      expect([unknown.status, unknown.json.code]).toEqual([404, 'not_found']);
      const empty = await ask('/api/v1/organizations/');
      expect([empty.status, empty.json.code]).toEqual([404, 'not_found']);
      const put = await ask(USERS, 'PUT', {});
      expect([put.status, put.headers.allow]).toEqual([405, 'GET, HEAD, POST']);
    });

    it('abuse 42: an encoded letter is that letter, and the answers are those of the same path', async () => {
      const path = USERS.replace('/api', '/%61pi');
      answering(createUser, { user: { username: 'ann' } });
      const created = await ask(path, 'POST', { username: 'ann' });
      expect([created.status, seen]).toEqual([201, [{ organizationId: id, username: 'ann' }]]);
      const refused = await gateway.ask(path);
      expect([refused.status, refused.json]).toEqual([401, (await gateway.ask(USERS)).json]);
      expect(refused.headers['content-type']).toMatch(/^application\/problem\+json/);
      const form = await gateway.post(path, { username: 'ann' }, { authorization: 'Bearer good' });
      expect([form.status, form.json.code]).toEqual([415, 'invalid_request']);
    });

    it('abuse 42: other spellings of a path are not that path', async () => {
      answering(listUsers);
      for (const path of [
        `/${USERS}`,
        `${USERS}/`,
        USERS.toUpperCase(),
        `${USERS};x`,
        '/api//v1/organizations',
        '/api/./v1/organizations%2fjohnsorg',
      ])
        expect([400, 404]).toContain((await ask(path)).status);
      expect(seen).toEqual([]);
    });
  });
});
