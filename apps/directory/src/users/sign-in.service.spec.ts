import { hashSync, parseOptions } from '@node-rs/argon2';
import type { Bus } from '@keyward/bus';
import { updateUser, type AuthenticateUser } from '@keyward/contracts';
import { HashingSettings } from '@keyward/runtime';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { Attempts, codesOf, times, WRONG, type Sql } from '../../test/attempts';
import { anOrganization, aUser, call, codeOf, PASSWORD, startInstances, type Instances } from '../../test/instances';
import { AccountGate } from '../attempts/account-gate';
import { slotOf } from '../attempts/attempts';
import { DIRECTORY_SCHEMA } from '../data-source';
import { startHashing } from '../passwords/hashing';
import { SignIn } from './sign-in';

let database: TestDatabase;
let instances: Instances;
let bus: Bus;
/** In a new organization for every test, so that no test's failures are another's. */
let on: Attempts;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'));
  bus = instances.bus;
  await instances.start();
});
beforeEach(async () => {
  const sql: Sql = (text, params) =>
    asAdmin(database.adminUrl, async (admin) => (await admin.query(text, params)).rows as never);
  on = new Attempts(bus, sql, (await anOrganization(bus)).id);
});
afterAll(async () => {
  await instances.close();
  await database.drop();
});

describe('answers', () => {
  it('RO-04 are the same for every cause', async () => {
    await aUser(bus, on.organizationId, { username: 'wrong' });
    await aUser(bus, on.organizationId, { username: 'locked' });
    await aUser(bus, on.organizationId, { username: 'pending', state: 'pending' });
    await aUser(bus, on.organizationId, { username: 'disabled' });
    await bus.call(updateUser, { organizationId: on.organizationId, username: 'disabled', state: 'disabled' }, call());
    const { id } = await aUser(bus, on.organizationId, { username: 'hashless' });
    await on.sql('UPDATE directory.users SET password_hash = NULL WHERE id = $1', [id]);
    await on.failTimes(5, 'locked');

    const causes: [string, string, Partial<AuthenticateUser>?][] = [
      ['wrong', WRONG],
      ['wrong', PASSWORD, { refuse: true }],
      ['locked', PASSWORD],
      ['pending', PASSWORD],
      ['disabled', PASSWORD],
      ['hashless', PASSWORD],
      ['unknown', PASSWORD],
      ['wrong@acme', PASSWORD],
      ['', PASSWORD],
      ['wrong\0', PASSWORD],
      [' wrong', PASSWORD],
      ['\ud800', PASSWORD],
    ];
    for (const [username, password, more] of causes) {
      const error: unknown = await on.signIn(username, password, more).catch((reason: unknown) => reason);
      expect({ username, ...(error as object) }).toEqual({ username, name: 'ServiceError', code: 'invalid_grant' });
    }
    expect(await on.client()).toEqual({ failures: causes.length + 5, unsettled: 0 });
    expect(await on.signIn('wrong', PASSWORD)).toMatchObject({ username: 'wrong' });
  });

  it('RO-04 a refused login name is counted as an unknown one, never as the user it names', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    for (let i = 0; i < 7; i++) await codeOf(on.signIn('ann', WRONG, { refuse: true }));
    expect(await on.account(id)).toBeUndefined();
    expect(await on.account(slotOf(on.organizationId, 'ann'))).toMatchObject({ failures: 5, streak: 5 });
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });
});

describe('passwords', () => {
  it.each([
    ['a million characters', 'x'.repeat(900_000)],
    ['1,025 bytes', 'x'.repeat(1025)],
    ['1,026 bytes in 342 characters', '\u20ac'.repeat(342)],
  ])('BF-07 abuse 35: %s are refused before anything is counted or hashed', async (_, password) => {
    await aUser(bus, on.organizationId, { username: 'ann' });
    expect(await codeOf(on.signIn('ann', password))).toBe('invalid_request');
    expect(await on.client()).toBeUndefined();
  });

  it.each(['nul \0 in the middle', ' blanks around it ', '\u{1F511} emoji \u{1F511} emoji', `${'x'.repeat(1023)}y`])(
    'abuse 35: %j is verified byte for byte',
    async (password) => {
      const { id } = await aUser(bus, on.organizationId, { username: 'ann', password });
      expect(await on.signIn('ann', password)).toMatchObject({ sub: id });
      const [beginning = ''] = password.split('\0');
      const others = [
        beginning,
        password.slice(0, -1),
        password.slice(0, 72),
        `${password.trim()}.`,
        password.toUpperCase(),
      ];
      for (const other of others.filter((other) => other !== password && other.length <= 1024))
        expect(await codeOf(on.signIn('ann', other))).toBe('invalid_grant');
    },
  );

  it('abuse 35: what is more than may wait is shed, and nothing else is harmed', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    const codes = await codesOf(times(400, () => on.signIn('ann', PASSWORD)));
    const [done, shed] = [undefined, 'temporarily_unavailable'].map(
      (code) => codes.filter((one) => one === code).length,
    );
    expect(done).toBeGreaterThanOrEqual(66); // two threads and 64 places at one instance
    expect(shed).toBeGreaterThan(0);
    expect((done ?? 0) + (shed ?? 0)).toBe(400);
    expect(await on.account(id)).toMatchObject({ failures: 0, unsettled: 0 });
    expect(await on.client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('C-02 sign-ins that wait for others of their account leave the places of those that hash to all', async () => {
    for (const username of ['ann', 'bob']) await aUser(bus, on.organizationId, { username });
    const settings = Object.assign(new HashingSettings(), { concurrency: 1, queue: 5 });
    const { pool, passwords } = await startHashing(settings, call());
    const own = await database.connect('directory');
    const limits = { account: 5, ceiling: 100, client: 300 };
    const signIn = new SignIn(own, pool, passwords, new AccountGate(limits.account, 64), limits, () => undefined);
    const { organizationId } = on;
    const by = { organizationId, clientId: 'client', clientOrganizationId: organizationId, password: PASSWORD };
    const anns = times(30, () => codeOf(signIn.authenticate({ ...by, username: 'ann' }, call())));
    expect(await signIn.authenticate({ ...by, username: 'bob' }, call())).toMatchObject({ username: 'bob' });
    expect(await Promise.all(anns)).toEqual(times(30, () => undefined));
    await pool.close();
  });

  it('C-03 a hash with other parameters is made anew after a sign-in', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    const hashOf = async () => {
      const [row] = await on.sql<{ phc: string }>('SELECT password_hash AS phc FROM directory.users WHERE id = $1', [
        id,
      ]);
      return row?.phc ?? '';
    };
    const old = hashSync(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await on.sql('UPDATE directory.users SET password_hash = $2 WHERE id = $1', [id, old]);
    await on.failTimes(1, 'ann');
    const before = await on.signIn('ann', PASSWORD);
    while ((await hashOf()) === old) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(parseOptions(await hashOf())).toMatchObject({ memoryCost: 19456, timeCost: 2, parallelism: 1 });
    expect(await on.signIn('ann', PASSWORD)).toEqual({ ...before, authTime: expect.any(Number) as number });
  });
});
