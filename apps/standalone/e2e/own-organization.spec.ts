import { deployment } from '@keyward/testing';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeJwt } from 'jose';
import { appearanceOf, expectError } from './support/answers';
import { LOGIN, makeMember, Person, SCOPES, signInToManage } from './support/manager';
import { expectProblem, fill, operations, ORGANIZATIONS, smallestBody } from './support/management';
import { eventually, makeKey, makeOrganization, makeUser, manage, unique, type TestUser } from './support/operator';
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();

let org: string;
let admin: string;
let publisher: string;

beforeAll(async () => {
  org = await makeOrganization();
  const [one, other] = await Promise.all([makeMember(org, 'admin'), makeMember(org, 'publisher')]);
  [admin, publisher] = [(await signInToManage(one)).access_token, (await signInToManage(other)).access_token];
});

const send = (bearer: string, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, json?: object) =>
  keyward.send(`${ORGANIZATIONS}${path}`, { method, bearer, json });

/** What no organization manages by itself. */
const OPERATORS = /^(GET|POST) \/$|\/signing-keys/;
const PUBLISHERS =
  /^GET \/\{orgkey\}(\/applications(\/\{application\})?)?$|\/(apis|scopes|plans|subscriptions|deny-rules|usage)(\/|$)/;

describe('every operation', () => {
  it.each(operations)('MT-20 RO-07 abuse 40: $name is for whom it is for', async ({ name, method, path, hasBody }) => {
    const target = fill(path, { orgkey: org, level: 'api' });
    const asked = { method, ...(hasBody && { json: smallestBody(path, method) }) };
    const ofServer = !path.startsWith(ORGANIZATIONS);
    const isFor = { admin: !ofServer && !OPERATORS.test(name), publisher: !ofServer && PUBLISHERS.test(name) };
    for (const [bearer, allowed] of [
      [admin, isFor.admin],
      [publisher, isFor.publisher],
    ] as const) {
      const answer = await keyward.send(target, { ...asked, bearer });
      if (allowed) expect([401, 403]).not.toContain(answer.status);
      else expectProblem(answer, 'insufficient_scope', 403);
    }
  });

  it.each(operations.filter(({ path }) => path.includes('{orgkey}')))(
    'MT-20 abuse 1 abuse 9: $name of another organization is refused, whether there is one or not',
    async ({ method, path, hasBody }) => {
      const elsewhere = foreign.org;
      const asked = { method, ...(hasBody && { json: smallestBody(path, method) }) };
      for (const bearer of [admin, publisher]) {
        const looks = [];
        for (const orgkey of [elsewhere, elsewhere.toUpperCase(), 'no-such-one', 'root', '%00', `${org}x`]) {
          const answer = await keyward.send(fill(path, { ...foreign.names, orgkey }), { ...asked, bearer });
          expectProblem(answer, 'insufficient_scope', 403);
          looks.push(appearanceOf(answer));
        }
        for (const look of looks) expect(look).toEqual(looks[0]);
      }
      expect(await stateOf(foreign)).toEqual(foreign.state);
    },
  );

  /** Another organization, with one of everything that a path names. */
  const foreign = { org: '', names: {} as Record<string, string>, state: '' };
  beforeAll(async () => {
    foreign.org = await makeOrganization();
    const [{ username }, { application, consumerKey }] = await Promise.all([
      makeMember(foreign.org, 'admin'),
      makeKey(foreign.org),
    ]);
    const api = unique('api');
    await manage('POST', `/${foreign.org}/apis`, { name: api, version: '1', context: `/${api}` });
    foreign.names = { username, application, consumerKey, api, role: 'admin', level: 'api' };
    foreign.state = await stateOf(foreign);
  });
  async function stateOf({ org: key, names }: typeof foreign): Promise<string> {
    const paths = ['', '/users', '/roles', '/applications', '/keys', '/apis', '/scopes', '/plans', '/subscriptions'];
    const state = await Promise.all(paths.map((path) => manage('GET', `/${key}${path}`)));
    state.push(await manage('GET', `/${key}/keys/${names['consumerKey']}`));
    return createHash('sha256').update(JSON.stringify(state)).digest('hex');
  }
});

describe('an admin', () => {
  it('manages users, roles, applications, keys, APIs and sessions of the own organization', async () => {
    const name = unique('x');
    const made = await send(admin, 'POST', `/${org}/users`, { username: name, roles: ['publisher'] });
    expect([made.status, made.body.user.roles]).toEqual([201, ['publisher']]);
    expect((await send(admin, 'POST', `/${org}/roles`, { name })).status).toBe(201);
    expect((await send(admin, 'POST', `/${org}/roles/${name}/members`, { username: name })).status).toBeLessThan(300);
    expect((await send(admin, 'POST', `/${org}/applications`, { name })).status).toBe(201);
    const keys = `/${org}/applications/${name}/keys`;
    expect((await send(admin, 'POST', keys, { kind: 'production' })).status).toBe(201);
    expect((await send(admin, 'POST', `/${org}/scopes`, { name, roles: [name] })).status).toBe(201);
    expect((await send(admin, 'DELETE', `/${org}/users/${name}/sessions`)).status).toBe(204);
    expect((await send(admin, 'PATCH', `/${org}`, { name: 'Renamed' })).body.name).toBe('Renamed');
    expect((await send(admin, 'GET', `/${org.toUpperCase()}`)).body.key).toBe(org);
  });

  it('abuse 30 abuse 40: leaves to the operator what is the operator’s', async () => {
    for (const state of ['suspended', 'active'])
      expectProblem(await send(admin, 'PATCH', `/${org}`, { state }), 'insufficient_scope', 403);
    expectProblem(await send(admin, 'PATCH', `/${org}`, { name: 'x', state: null }), 'insufficient_scope', 403);
    const name = unique('app');
    const wide = { name, multiOrganization: true };
    expectProblem(await send(admin, 'POST', `/${org}/applications`, wide), 'insufficient_scope', 403);
    await manage('POST', `/${org}/applications`, { name });
    const change = { multiOrganization: true };
    expectProblem(await send(admin, 'PATCH', `/${org}/applications/${name}`, change), 'insufficient_scope', 403);
    expect((await manage('GET', `/${org}/applications/${name}`)).multiOrganization).toBe(false);
    expect((await manage('GET', `/${org}`)).state).toBe('active');
    // A role of that name, given by an admin, is one of this organization.
    const user = await makeUser(org);
    expect((await send(admin, 'PATCH', `/${org}/users/${user.username}`, { roles: ['operator'] })).status).toBe(200);
    expect((await signInToManage(user)).scope).toBe('default');
  });

  it('RO-07 abuse 14: is one no longer when the role is taken, and nobody when disabled', async () => {
    const user = await makeMember(org, 'admin');
    const { access_token: token, refresh_token, scope } = await signInToManage(user);
    expect(scope).toBe('keyward:admin keyward:publish');
    const list = () => send(token, 'GET', `/${org}/users`);
    expect((await list()).status).toBe(200);
    const path = `/${org}/users/${user.username}`;
    await manage('PATCH', path, { roles: ['publisher'] });
    expectProblem(await list(), 'insufficient_scope', 403);
    expect((await send(token, 'GET', `/${org}/apis`)).status).toBe(200);
    await manage('PATCH', path, { roles: [] });
    expectProblem(await send(token, 'GET', `/${org}/apis`), 'insufficient_scope', 403);
    const refreshed = await keyward.send('/token', {
      form: { grant_type: 'refresh_token', refresh_token, client_id: LOGIN.consumerKey },
    });
    expect(refreshed.body.scope).toBe('default');
    await manage('PATCH', path, { state: 'disabled' });
    await eventually(async () => (await list()).status === 401);
  });

  it('MT-01 abuse 2: of a suspended organization is nobody', async () => {
    const own = await makeOrganization();
    const { access_token: token } = await signInToManage(await makeMember(own, 'admin'));
    expect((await send(token, 'GET', `/${own}`)).status).toBe(200);
    await manage('PATCH', `/${own}`, { state: 'suspended' });
    await eventually(async () => (await send(token, 'GET', `/${own}`)).status === 401);
  });
});

describe('a publisher', () => {
  it('MT-20 sees, changes and subscribes to an API that is visible to roles only with one of them', async () => {
    const [role, name] = [unique('role'), unique('api')];
    const [apis, api] = [`/${org}/apis`, `/${org}/apis/${name}`];
    const visible = { visibility: 'roles', visibleTo: [role] };
    const made = { name, version: '1', context: `/${name}`, upstreams: { production: 'https://a.example' } };
    expectProblem(await send(admin, 'POST', apis, { ...made, ...visible }), 'invalid_request', 400);
    await manage('POST', `/${org}/roles`, { name: role });
    expect((await send(admin, 'POST', apis, { ...made, ...visible, resources: [] })).status).toBe(201);
    const other = await makeMember(org, 'publisher', role);
    const { access_token: allowed } = await signInToManage(other);
    const listed = async (bearer: string) =>
      ((await send(bearer, 'GET', `${apis}?limit=200`)).body.items as { name: string }[]).some(
        (each) => each.name === name,
      );
    expect([await listed(admin), await listed(publisher), await listed(allowed)]).toEqual([true, false, true]);
    const look = () =>
      Promise.all([admin, publisher, allowed].map(async (bearer) => (await send(bearer, 'GET', api)).status));
    expect(await look()).toEqual([200, 404, 200]);
    expectProblem(await send(publisher, 'PATCH', api, { visibility: 'public' }), 'not_found', 404);
    await manage('POST', `/${org}/applications`, { name });
    const subscription = { application: name, api: name };
    expectProblem(await send(publisher, 'POST', `/${org}/subscriptions`, subscription), 'not_found', 404);
    expectProblem(await send(publisher, 'POST', apis, { ...made, version: '2', ...visible }), 'invalid_request', 400);
    // Who has lost the role sees it no more.
    await manage('PATCH', `/${org}/users/${other.username}`, { roles: ['publisher'] });
    expect(await look()).toEqual([200, 404, 404]);
  });
});

describe('management scopes', () => {
  it('RO-07 abuse 21: come by the platform’s own clients alone, and not by a password', async () => {
    const user = await makeMember(org, 'admin', 'publisher', 'operator');
    const key = await makeKey(org);
    const own = await key.signIn(user, { scope: SCOPES });
    expect(own.body.scope).toBe('default');
    expect((await send(own.body.access_token, 'GET', `/${org}`)).status).toBe(401);
    const form = { grant_type: 'password', username: user.loginName, password: user.password, scope: SCOPES };
    expectError(
      await keyward.send('/token', { form: { ...form, client_id: LOGIN.consumerKey } }),
      'unauthorized_client',
    );
    const { consumerKey, consumerSecret } = keyward.demo.admin;
    expectError(await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] }), 'invalid_grant');
  });

  it('RO-07 an operator gets that for all organizations, and an admin of root nothing', async () => {
    const [operator, other] = await Promise.all([makeMember('root', 'operator'), makeMember('root', 'admin')]);
    const all = await signInToManage(operator);
    expect(all.scope).toBe('keyward:manage');
    expect((await send(all.access_token, 'GET', `/${org}/users`)).status).toBe(200);
    const none = await signInToManage(other);
    expect(none.scope).toBe('default');
    expectProblem(await send(none.access_token, 'GET', '/root'), 'insufficient_scope', 403);
    for (const { username } of [operator, other]) await manage('DELETE', `/root/users/${username}`);
  });

  it('MT-01 MT-04 are of no use at an organization’s own endpoints', async () => {
    expect(decodeJwt(admin)).toMatchObject({ org, client_id: LOGIN.consumerKey });
    expect((await keyward.send(`/t/${org}/userinfo`, { bearer: admin })).status).toBe(401);
    const introspected = await keyward.send('/introspect', {
      form: { token: admin },
      basic: (await makeKey(org)).basic,
    });
    expect(introspected.body).toEqual({ active: false });
  });

  it('are of roles that every organization has, and keeps', async () => {
    const own = await makeOrganization();
    const names = ((await manage('GET', `/${own}/roles`)).items as { name: string }[]).map(({ name }) => name);
    expect(names).toEqual(['admin', 'publisher']);
    for (const role of names)
      await expect(manage('DELETE', `/${own}/roles/${role}`)).rejects.toThrow(/400 .*every organization has/);
  });
});

describe('the command line', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'keyward-login-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  it('DV-02 signs an admin in by a browser, keeps it for nobody else to read, and ends it', async () => {
    const user = await makeMember(org, 'admin');
    const person = new Person(join(directory, 'admin'));
    const signedIn = await person.login(user);
    expect([signedIn.code, signedIn.stdout]).toEqual([0, `Signed in: you manage the organization ${org}.\n`]);
    expect(signedIn.stderr).toMatch(/Open https:\S+\/device and type [A-Z]{4}-[A-Z]{4}/);
    expect(statSync(join(person.home, 'logins.json')).mode & 0o777).toBe(0o600);
    const users = (await person.json('users', 'list')) as TestUser[];
    expect(users.map(({ username }) => username)).toContain(user.username);
    const foreign = await person.run(['users', 'list', '--org', 'root']);
    expect([foreign.code, foreign.stderr]).toEqual([1, expect.stringContaining('Your roles do not allow it')]);
    expect((await person.run(['logout'])).stdout).toBe('Signed out.\n');
    expect((await person.run(['users', 'list'])).code).toBe(2);
    expect((await person.run(['logout'])).code).toBe(1);
  });

  it('says so when the person refuses, or may manage nothing', async () => {
    const user = await makeUser(org);
    const person = new Person(join(directory, 'nobody'));
    const [refused, allowed] = await Promise.all([person.login(user, 'deny'), person.login(user)]);
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringContaining('The user has refused')]);
    expect([allowed.code, allowed.stderr]).toEqual([1, expect.stringContaining('ask its admins')]);
  });

  describe('of a publisher', () => {
    let upstream: Upstream;
    let url: string;
    beforeAll(async () => {
      upstream = await startUpstream((_request, response) => {
        response.setHeader('content-type', 'application/json').end('{"orders":[]}');
      });
      url = upstream.url;
    });
    afterAll(() => {
      upstream.close();
    });

    it('publishes an API of its document, to which another user’s application subscribes and calls it', async () => {
      const own = await makeOrganization();
      const [publishing, developing, user] = await Promise.all([
        makeMember(own, 'publisher'),
        makeMember(own, 'admin'),
        makeUser(own),
      ]);
      const [publisher, developer] = ['publisher', 'developer'].map((name) => new Person(join(directory, name)));
      if (!publisher || !developer) throw new Error('two people');
      const [signedIn] = await Promise.all([publisher.login(publishing), developer.login(developing)]);
      expect(signedIn.stdout).toBe(`Signed in: you manage the APIs of ${own}.\n`);
      const file = join(directory, 'orders.json');
      const oauth = { type: 'oauth2', flows: { password: { tokenUrl: '/token', scopes: { read: 'See' } } } };
      const get = { security: [{ oauth: ['read'] }], responses: { 200: { description: 'Orders' } } };
      const definition = {
        ...{ openapi: '3.0.3', info: { title: 'Orders', version: '1.0' }, servers: [{ url }] },
        ...{ components: { securitySchemes: { oauth } }, paths: { '/orders': { get } } },
      };
      writeFileSync(file, JSON.stringify(definition));
      await publisher.json('plans', 'create', 'subscription', 'gold', '--requests', '100');
      const imported = await publisher.json('api', 'import', file, '--context', '/orders');
      expect(imported).toMatchObject({ name: 'Orders', state: 'CREATED' });
      expect((await publisher.json('api', 'publish', 'Orders')).state).toBe('PUBLISHED');
      expect(await publisher.json('scopes', 'list')).toMatchObject([{ name: 'read' }]);
      expect((await publisher.run(['users', 'list'])).code).toBe(1);

      await developer.json('applications', 'create', 'shop');
      const { key, consumerSecret } = await developer.json('keys', 'generate', 'shop', '--kind', 'production');
      await developer.json('subscribe', 'shop', 'Orders', '--plan', 'gold');
      expect(await publisher.json('subscriptions', 'list')).toMatchObject([{ api: 'Orders', state: 'UNBLOCKED' }]);

      const form = { grant_type: 'password', username: user.loginName, password: user.password, scope: 'read' };
      const basic: [string, string] = [key.consumerKey, consumerSecret];
      const call = async (more: object) => {
        const { access_token: bearer } = (await keyward.send('/token', { form: { ...form, ...more }, basic })).body;
        return keyward.send(`/t/${own}/orders/1.0/orders`, { bearer });
      };
      await eventually(async () => (await call({})).status === 200);
      expect((await call({})).body).toEqual({ orders: [] });
      expect((await call({ scope: 'default' })).body.code).toBe('900910');
    });
  });
});
