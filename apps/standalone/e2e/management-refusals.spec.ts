import { deployment } from '@keyward/testing';
import { ask, expectProblem, fill, operations, ORGANIZATIONS, smallestBody } from './support/management';
import { makeKey, makeOrganization, makeUser, manage, operator, unique } from './support/operator';

const keyward = deployment();

let org: string;
let elsewhere: string;
/** Of what no refusal changes. */
let names: { username: string; application: string; consumerKey: string };

beforeAll(async () => {
  [org, elsewhere] = await Promise.all([makeOrganization(), makeOrganization()]);
  const [{ username }, { application, consumerKey }] = await Promise.all([makeUser(org), makeKey(org)]);
  names = { username, application, consumerKey };
});

describe('what is not there', () => {
  it.each(operations.filter(({ path }) => path.includes('{orgkey}')))(
    'abuse 2: of an organization that is unknown, $name',
    async ({ method, path, hasBody }) => {
      const answer = await keyward.send(fill(path, { orgkey: 'no-such-one' }), {
        method,
        bearer: await operator(),
        ...(hasBody && { json: smallestBody(path, method) }),
      });
      expectProblem(answer, 'not_found', 404);
    },
  );

  it.each(operations.filter(({ path }) => /\{(?!orgkey)/.test(path)))(
    'abuse 1 MT-20: of another organization, $name',
    async ({ method, path, hasBody }) => {
      const answer = await keyward.send(fill(path, { ...names, orgkey: elsewhere }), {
        method,
        bearer: await operator(),
        ...(hasBody && { json: smallestBody(path, method) }),
      });
      expectProblem(answer, 'not_found', 404);
      expect(await stateOf()).toEqual(before);
    },
  );

  it('is a path that is unknown, or a method of one that is known', async () => {
    expectProblem(await keyward.send('/api/v1/nothing'), 'not_found', 404);
    const put = await ask('PUT', '', {});
    expectProblem(put, 'invalid_request', 405);
    expect(put.headers['allow']).toBe('GET, HEAD, POST');
  });

  let before: object[];
  beforeAll(async () => {
    before = await stateOf();
  });
  const stateOf = () =>
    Promise.all([
      manage('GET', `/${org}/users/${names.username}`),
      manage('GET', `/${org}/applications/${names.application}/keys`),
      manage('GET', `/${org}/keys/${names.consumerKey}`),
    ]);
});

describe('what is taken', () => {
  it('is an org key, in whatever case, and the reserved one', async () => {
    for (const key of [org, 'root']) expectProblem(await ask('POST', '', { key }), 'conflict', 409);
    expectProblem(await ask('POST', '', { key: org.toUpperCase() }), 'invalid_request', 400);
  });

  it('is a username in its organization, in whatever case, and free in another (abuse 7)', async () => {
    const { username } = await makeUser(org);
    for (const again of [username, username.toUpperCase()])
      expectProblem(await ask('POST', `/${org}/users`, { username: again }), 'conflict', 409);
    expect((await ask('POST', `/${await makeOrganization()}/users`, { username })).status).toBe(201);
  });

  it('is a name of an application in its organization, and free in another (abuse 7)', async () => {
    const [name, other] = [unique('app'), unique('app')];
    for (const each of [name, other]) await manage('POST', `/${org}/applications`, { name: each });
    expectProblem(await ask('POST', `/${org}/applications`, { name }), 'conflict', 409);
    expectProblem(await ask('PATCH', `/${org}/applications/${other}`, { name }), 'conflict', 409);
    expect((await ask('POST', `/${await makeOrganization()}/applications`, { name })).status).toBe(201);
  });

  it('is a consumer key, in every organization', async () => {
    const { consumerKey } = await makeKey(org);
    const elsewhere = await makeOrganization();
    const imported = { kind: 'production', consumerKey, consumerSecret: 'fqvmAbAa_wU62DjlyDBnq87GlBwp' };
    for (const orgkey of [org, elsewhere]) {
      const name = unique('app');
      await manage('POST', `/${orgkey}/applications`, { name });
      expectProblem(await ask('POST', `/${orgkey}/applications/${name}/keys`, imported), 'conflict', 409);
    }
  });
});

describe('a body', () => {
  it.each(operations.filter(({ hasBody }) => hasBody))(
    'abuse 30: with a member that is not known changes nothing: $name',
    async ({ method, path }) => {
      const target = fill(path, { orgkey: org, ...names });
      const rootId = '00000000-0000-7000-8000-000000000001';
      for (const member of [
        { organizationId: rootId },
        { id: rootId },
        { passwordHash: 'x' },
        { createdAt: '2000-01-01' },
      ]) {
        const json = { ...smallestBody(path, method), ...member };
        const answer = await keyward.send(target, { method, json, bearer: await operator() });
        expectProblem(answer, 'invalid_request', 400);
        expect(answer.body.detail).toContain(Object.keys(member)[0]);
      }
    },
  );

  it.each<[string, unknown]>([
    ['', {}],
    ['', { key: 'a' }],
    ['', { key: 'A-b' }],
    ['', { key: 'mail.example' }],
    ['', { key: 'a--b' }],
    ['', { key: 'x'.repeat(64) }],
    ['', { key: ['ab'] }],
    ['/{org}/users', {}],
    ['/{org}/users', { username: '' }],
    ['/{org}/users', { username: 5 }],
    ['/{org}/users', { username: 'ann@johnsorg' }],
    ['/{org}/users', { username: 'ann', password: 'too short' }],
    ['/{org}/users', { username: 'ann', roles: 'operator' }],
    ['/{org}/users', { username: 'ann', state: 'disabled' }],
    ['/{org}/applications', { name: '' }],
    ['/{org}/applications', { name: 'x'.repeat(101) }],
    ['/{org}/applications', { name: 'x', strictScopes: 'yes' }],
    ['', []],
    ['', 'text'],
    ['', null],
  ])('POST %s %j is refused with a reason', async (path, json) => {
    const answer = await ask('POST', path.replace('{org}', org), json);
    expectProblem(answer, 'invalid_request', 400);
  });

  it.each([
    { kind: 'test' },
    { kind: 'production', grantTypes: ['implicit'] },
    { kind: 'production', tokenType: 'saml' },
    { kind: 'production', accessTokenLifetime: 59 },
    { kind: 'production', accessTokenLifetime: 86_401 },
    { kind: 'production', refreshTokenLifetime: 7_776_001 },
    { kind: 'production', passwordGrantSunset: 'soon' },
    { kind: 'production', redirectUris: ['javascript:alert(1)'] },
    { kind: 'production', redirectUris: 'https://app.example/' },
    { kind: 'production', redirectUris: [null] },
    { kind: 'production', postLogoutRedirectUris: ['http://app.example/'] },
    { kind: 'production', applicationType: 'browser' },
    { kind: 'production', consumerSecret: 'short' },
    { kind: 'production', consumerKey: 'with space!' },
  ])('a key %j is refused, and on update as well (abuse 40)', async ({ kind, ...settings }) => {
    const { consumerKey, application } = names;
    const before = await manage('GET', `/${org}/keys/${consumerKey}`);
    expectProblem(
      await ask('POST', `/${org}/applications/${application}/keys`, { kind, ...settings }),
      'invalid_request',
      400,
    );
    const changes = Object.keys(settings).length ? settings : { kind };
    expectProblem(await ask('PATCH', `/${org}/keys/${consumerKey}`, changes), 'invalid_request', 400);
    expect(await manage('GET', `/${org}/keys/${consumerKey}`)).toEqual(before);
  });

  it('is JSON that can be read, of 64 KiB at most', async () => {
    const path = `${ORGANIZATIONS}/${org}/users`;
    const bearer = await operator();
    const send = (body: string, type = 'application/json') =>
      keyward.send(path, { method: 'POST', body, bearer, headers: { 'content-type': type } });
    for (const body of ['{"username":', '', '{"username":"x","__proto__":{"roles":["operator"]}}'])
      expectProblem(await send(body), 'invalid_request', 400);
    expectProblem(await send('username=x', 'application/x-www-form-urlencoded'), 'invalid_request', 415);
    expectProblem(await send(JSON.stringify({ username: 'x'.repeat(70_000) })), 'invalid_request', 413);
  });

  it('suspends any organization but root', async () => {
    expectProblem(await ask('PATCH', '/root', { state: 'suspended' }), 'invalid_request', 400);
    expect((await manage('GET', '/root')).state).toBe('active');
  });
});
