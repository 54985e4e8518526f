import type { Bus } from '@keyward/bus';
import {
  authenticateUser,
  checkUser,
  createUser,
  deleteUser,
  findUser,
  listUsers,
  resetPassword,
  ROOT_ORGANIZATION,
  unlockUser,
  updateOrganization,
  updateUser,
  type CreateUser,
  type UpdateUser,
} from '@keyward/contracts';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import {
  ADMIN_PASSWORD,
  anOrganization,
  aUser,
  call,
  codeOf,
  PASSWORD,
  startInstances,
  type Instances,
} from '../../test/instances';
import { DIRECTORY_SCHEMA } from '../data-source';

let database: TestDatabase;
let instances: Instances;
let bus: Bus;
let organizationId: string;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'));
  bus = instances.bus;
  organizationId = (await anOrganization(bus)).id;
});
afterAll(async () => {
  await instances.close();
  await database.drop();
});

const create = (request: Partial<CreateUser>) =>
  bus.call(createUser, { organizationId, username: 'someone', password: PASSWORD, ...request }, call());
const signIn = (username: string, password: string, organization = organizationId) =>
  bus.call(
    authenticateUser,
    { organizationId: organization, username, password, clientId: 'client', clientOrganizationId: organization },
    call(),
  );
const check = (sub: string) => bus.call(checkUser, { organizationId, sub }, call());
const named = (username: string) => ({ organizationId, username });

describe('users', () => {
  it('are created, found in any case, and sign in', async () => {
    const { user, password } = await create({ username: 'John@johns.org', roles: ['reader'] });
    expect(password).toBeUndefined();
    expect(user).toMatchObject({ organizationId, username: 'John@johns.org', state: 'active', roles: ['reader'] });
    expect(user.lockedUntil).toBeNull();
    expect(await bus.call(findUser, named('JOHN@JOHNS.ORG'), call())).toEqual(user);
    const { authTime, ...subject } = await signIn('john@johns.org', PASSWORD);
    expect(Math.abs(authTime - Date.now() / 1000)).toBeLessThan(5);
    expect(subject).toMatchObject({ sub: user.id, username: 'John@johns.org', roles: ['reader'] });
    expect(await check(user.id)).toEqual({ ...subject, grantsEndedAt: null });
  });

  it('get a generated password when none is given, shown this once', async () => {
    const { user, password = '' } = await create({ username: 'generated', password: undefined });
    expect(password.length).toBeGreaterThanOrEqual(24);
    expect(await signIn('generated', password)).toMatchObject({ sub: user.id });
    expect(JSON.stringify(await bus.call(findUser, named('generated'), call()))).not.toContain(password);
  });

  it('take null for what is not given', async () => {
    const nothing = { password: null, state: null, roles: null } as never;
    const { user, password = '' } = await create({ username: 'null', ...(nothing as object) });
    expect(user).toMatchObject({ state: 'active', roles: [] });
    expect(await signIn('null', password)).toMatchObject({ sub: user.id });
    const reset = await bus.call(resetPassword, { ...named('null'), password: null as never }, call());
    expect(await signIn('null', reset.password ?? '')).toMatchObject({ sub: user.id });
  });

  it('answers conflict for a name that is taken, in any case and normal form', async () => {
    await create({ username: 'J\u00fcrgen' });
    for (const username of ['J\u00fcrgen', 'j\u00dcRGEN', 'ju\u0308rgen'])
      expect(await codeOf(create({ username }))).toBe('conflict');
  });

  it.each(['', ' ann', 'ann\n', 'a\0nn', 'ann@acme', 'ann@ACME', 'x'.repeat(321), '\ud800'])(
    'RO-10 takes no username %j',
    async (username) => {
      expect(await codeOf(create({ username }))).toBe('invalid_request');
    },
  );

  it.each(['too short', 'x'.repeat(1025), '\u20ac'.repeat(342), 'I am someone, really'])(
    'takes no password %j',
    async (password) => {
      expect(await codeOf(create({ password }))).toBe('invalid_request');
    },
  );

  it('abuse 30: sets nothing but what the message has', async () => {
    const extra = { id: ROOT_ORGANIZATION.id, passwordHash: 'x', lockedUntil: '2999-01-01', createdAt: '2000-01-01' };
    const { user } = await create({ username: 'plain', ...extra });
    expect(user.id).not.toBe(extra.id);
    expect(user.lockedUntil).toBeNull();
    expect(await signIn('plain', PASSWORD)).toMatchObject({ sub: user.id });
    const more = { ...named('plain'), id: extra.id, password: 'another fine password', credentialsChangedAt: 0 };
    expect(await bus.call(updateUser, { ...more, roles: ['a'] }, call())).toEqual({ ...user, roles: ['a'] });
    expect(await signIn('plain', PASSWORD)).toMatchObject({ sub: user.id, roles: ['a'] });
    expect(await codeOf(create({ username: 'odd', state: 'disabled' as never }))).toBe('invalid_request');
    expect(await codeOf(create({ username: 'odd', roles: ['no role'] }))).toBe('invalid_request');
  });

  it('answers not_found for users and organizations that are not there', async () => {
    for (const username of ['nobody', '', 'a\0b', 'ann@acme'])
      for (const message of [findUser, unlockUser, deleteUser])
        expect(await codeOf(bus.call(message, named(username), call()))).toBe('not_found');
    expect(await codeOf(bus.call(resetPassword, named('nobody'), call()))).toBe('not_found');
    expect(await codeOf(bus.call(updateUser, named('nobody'), call()))).toBe('not_found');
    const nowhere = '00000000-0000-4000-8000-000000000000';
    expect(await codeOf(create({ organizationId: nowhere }))).toBe('not_found');
    expect(await codeOf(signIn('someone', PASSWORD, nowhere))).toBe('invalid_grant');
  });

  it('lists one organization’s in pages, each once, in the order of names', async () => {
    const { id } = await anOrganization(bus);
    const usernames = ['ann', 'Bob', 'Älva', 'carl', 'b', 'a-a', '4'];
    for (const username of usernames) await aUser(bus, id, { username });
    const listed: string[] = [];
    let after: string | undefined;
    do {
      const page = await bus.call(listUsers, { organizationId: id, limit: 2, after }, call());
      expect(page.items.length).toBeLessThanOrEqual(2);
      listed.push(...page.items.map(({ username }) => username));
      after = page.next;
    } while (after !== undefined);
    expect(listed).toEqual(['4', 'a-a', 'ann', 'b', 'Bob', 'carl', 'Älva']);
    expect(await codeOf(bus.call(listUsers, { organizationId: id, limit: 2, after: 'a\0' }, call()))).toBe(
      'invalid_request',
    );
  });

  it('abuse 14: no disabled or pending user signs in, nor one of a suspended organization', async () => {
    const { user } = await create({ username: 'leaving' });
    const change = (state: UpdateUser['state']) => bus.call(updateUser, { ...named('leaving'), state }, call());
    const before = await check(user.id);
    expect(await change('disabled')).toMatchObject({ state: 'disabled' });
    expect(await codeOf(signIn('leaving', PASSWORD))).toBe('invalid_grant');
    expect(await codeOf(check(user.id))).toBe('invalid_grant');
    await change('active');
    const after = await signIn('leaving', PASSWORD);
    expect(after.credentialsChangedAt).toBeGreaterThan(before.credentialsChangedAt);

    await create({ username: 'waiting', state: 'pending' });
    expect(await codeOf(signIn('waiting', PASSWORD))).toBe('invalid_grant');

    const other = await anOrganization(bus);
    const member = await aUser(bus, other.id, { username: 'member' });
    await bus.call(updateOrganization, { organizationId: other.id, state: 'suspended' }, call());
    expect(await codeOf(signIn('member', PASSWORD, other.id))).toBe('invalid_grant');
    expect(await codeOf(bus.call(checkUser, { organizationId: other.id, sub: member.id }, call()))).toBe(
      'invalid_grant',
    );
  });

  it('RT-10 a reset password ends the one before, and every grant from before by its time', async () => {
    const { user } = await create({ username: 'forgetful' });
    const times = [(await check(user.id)).credentialsChangedAt];
    for (const password of ['another fine password', undefined, 'one more fine password']) {
      const reset = await bus.call(resetPassword, { ...named('forgetful'), password }, call());
      expect(reset.password === undefined).toBe(password !== undefined);
      const { credentialsChangedAt } = await signIn('forgetful', password ?? reset.password ?? '');
      times.push(credentialsChangedAt);
      expect(await codeOf(signIn('forgetful', PASSWORD))).toBe('invalid_grant');
    }
    expect(times.every(Number.isInteger)).toBe(true);
    expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
    expect(await codeOf(bus.call(resetPassword, { ...named('forgetful'), password: 'short' }, call()))).toBe(
      'invalid_request',
    );
  });

  it('are deleted with all that is known of them; a new one of that name is another', async () => {
    const { user } = await create({ username: 'passing' });
    await codeOf(signIn('passing', 'a wrong long password'));
    expect(await bus.call(deleteUser, named('passing'), call())).toEqual(user);
    expect(await codeOf(check(user.id))).toBe('invalid_grant');
    expect(await codeOf(signIn('passing', PASSWORD))).toBe('invalid_grant');
    const left = await asAdmin(database.adminUrl, (admin) =>
      admin.query('SELECT FROM directory.account_attempts WHERE account = $1', [user.id]),
    );
    expect(left.rowCount).toBe(0);
    expect((await create({ username: 'passing' })).user.id).not.toBe(user.id);
  });
});

describe('organizations', () => {
  it('RO-10 tenant B’s user with the same name is never selected', async () => {
    const [a, b] = [await anOrganization(bus), await anOrganization(bus)];
    const passwords = { a: 'the password of tenant A', b: 'the password of tenant B' };
    const ofA = await aUser(bus, a.id, { username: 'john@johns.org', password: passwords.a, roles: ['a'] });
    const ofB = await aUser(bus, b.id, { username: 'john@johns.org', password: passwords.b, roles: ['b'] });
    expect(await signIn('john@johns.org', passwords.a, a.id)).toMatchObject({ sub: ofA.id, roles: ['a'] });
    expect(await signIn('john@johns.org', passwords.b, b.id)).toMatchObject({ sub: ofB.id, roles: ['b'] });
    expect(await codeOf(signIn('john@johns.org', passwords.b, a.id))).toBe('invalid_grant');
    expect(await codeOf(signIn('john@johns.org', passwords.a, b.id))).toBe('invalid_grant');
    expect(await codeOf(bus.call(checkUser, { organizationId: a.id, sub: ofB.id }, call()))).toBe('invalid_grant');
    // An empty organization has none of them.
    const { id } = await anOrganization(bus);
    expect(await codeOf(signIn('john@johns.org', passwords.a, id))).toBe('invalid_grant');
    expect((await bus.call(listUsers, { organizationId: id, limit: 200 }, call())).items).toEqual([]);
  });

  it('abuse 7: what is done to a name in one is not done in another', async () => {
    const [a, b] = [await anOrganization(bus), await anOrganization(bus)];
    await aUser(bus, a.id, { username: 'same' });
    const ofB = await aUser(bus, b.id, { username: 'same' });
    await Promise.all(Array.from({ length: 6 }, () => codeOf(signIn('same', 'a wrong long password', a.id))));
    await bus.call(updateUser, { organizationId: a.id, username: 'same', state: 'disabled', roles: ['x'] }, call());
    await bus.call(deleteUser, { organizationId: a.id, username: 'same' }, call());
    expect(await bus.call(findUser, { organizationId: b.id, username: 'same' }, call())).toEqual(ofB);
    expect(await signIn('same', PASSWORD, b.id)).toMatchObject({ sub: ofB.id });
  });
});

describe('the root organization', () => {
  const root = ROOT_ORGANIZATION.id;

  it('has the operator’s user from the start', async () => {
    expect(await signIn('admin', ADMIN_PASSWORD, root)).toMatchObject({ username: 'admin', roles: ['operator'] });
  });

  it('is not changed by another start, nor is a deleted admin made again', async () => {
    const again = { KEYWARD_ADMIN_PASSWORD: 'another password of the operator' };
    await (await instances.start(again)).close();
    expect(await signIn('admin', ADMIN_PASSWORD, root)).toMatchObject({ username: 'admin' });
    await aUser(bus, root, { username: 'successor', roles: ['operator'] });
    await bus.call(deleteUser, { organizationId: root, username: 'admin' }, call());
    await (await instances.start(again)).close();
    expect(await codeOf(signIn('admin', ADMIN_PASSWORD, root))).toBe('invalid_grant');
    expect(await codeOf(signIn('admin', again.KEYWARD_ADMIN_PASSWORD, root))).toBe('invalid_grant');
  });

  it('keeps one operator, also of two that are taken away at once', async () => {
    for (const username of ['one', 'other']) await aUser(bus, root, { username, roles: ['operator'] });
    await bus.call(deleteUser, { organizationId: root, username: 'successor' }, call());
    const codes = await Promise.all([
      codeOf(bus.call(updateUser, { organizationId: root, username: 'one', roles: [] }, call())),
      codeOf(bus.call(updateUser, { organizationId: root, username: 'other', state: 'disabled' }, call())),
    ]);
    expect(codes.sort()).toEqual(['invalid_request', undefined]);
    for (const username of ['one', 'other'])
      await codeOf(bus.call(deleteUser, { organizationId: root, username }, call()));
    const { items } = await bus.call(listUsers, { organizationId: root, limit: 10 }, call());
    expect(items).toMatchObject([{ state: 'active', roles: ['operator'] }]);
  });
});
