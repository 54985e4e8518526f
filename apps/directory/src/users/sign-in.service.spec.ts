import { hashSync, parseOptions } from '@node-rs/argon2';
import { startCall, type Bus } from '@keyward/bus';
import {
  authenticateUser,
  findUser,
  resetPassword,
  unlockUser,
  updateUser,
  type AuthenticateUser,
} from '@keyward/contracts';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { anOrganization, aUser, call, codeOf, PASSWORD, startInstances, type Instances } from '../../test/instances';
import { beginAttempt, settleAttempt, slotOf } from '../attempts/attempts';
import { DIRECTORY_SCHEMA } from '../data-source';

const WRONG = 'a wrong long password';
const LIMITS = { account: 5, ceiling: 100, client: 300 };

let database: TestDatabase;
let instances: Instances;
let bus: Bus;
/** The service's own role, for what only a crash or ten thousand requests would show. */
let own: DataSource;
/** A new one for every test, so that no test's failures are another's. */
let organizationId: string;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'));
  bus = instances.bus;
  await instances.start();
  own = await database.connect('directory');
});
beforeEach(async () => {
  organizationId = (await anOrganization(bus)).id;
});
afterAll(async () => {
  await instances.close();
  await database.drop();
});

const signIn = (username: string, password: string, more: Partial<AuthenticateUser> = {}) =>
  bus.call(authenticateUser, { organizationId, username, password, clientId: 'client', ...more }, call());
const codesOf = (asked: Promise<unknown>[]) => Promise.all(asked.map(codeOf));
const times = <T>(n: number, what: () => T): T[] => Array.from({ length: n }, what);
const failTimes = async (n: number, username: string) => {
  for (let i = 0; i < n; i++) expect(await codeOf(signIn(username, WRONG))).toBe('invalid_grant');
};

interface Counted {
  failures: number;
  streak: number;
  unsettled: number;
  /** How long its lock is in all, seconds. */
  lock: number | null;
}

const sql = <Row extends object>(text: string, params: unknown[] = []): Promise<Row[]> =>
  asAdmin(database.adminUrl, async (admin) => (await admin.query<Row>(text, params)).rows);
const account = async (id: string): Promise<Counted | undefined> => {
  const [row] = await sql<Counted>(
    `SELECT failures, streak, unsettled, CASE WHEN locked_until < 'infinity'
       THEN extract(epoch FROM locked_until - failed_at)::int END AS lock
     FROM directory.account_attempts WHERE organization_id = $1 AND account = $2`,
    [organizationId, id],
  );
  return row;
};
const client = async (id = 'client') => {
  const [row] = await sql<{ failures: number; unsettled: number }>(
    'SELECT failures, unsettled FROM directory.client_attempts WHERE organization_id = $1 AND client_id = $2',
    [organizationId, id],
  );
  return row;
};
/** As if this much time had passed for the accounts of the organization. */
const pass = (interval: string) =>
  sql(
    `UPDATE directory.account_attempts SET attempted_at = attempted_at - $2::interval,
       failed_at = failed_at - $2::interval, locked_until = locked_until - $2::interval WHERE organization_id = $1`,
    [organizationId, interval],
  );
const set = (column: 'failures' | 'streak', value: number) =>
  sql(`UPDATE directory.account_attempts SET ${column} = $2 WHERE organization_id = $1`, [organizationId, value]);

describe('answers', () => {
  it('RO-04 are the same for every cause', async () => {
    await aUser(bus, organizationId, { username: 'wrong' });
    await aUser(bus, organizationId, { username: 'locked' });
    await aUser(bus, organizationId, { username: 'pending', state: 'pending' });
    await aUser(bus, organizationId, { username: 'disabled' });
    await bus.call(updateUser, { organizationId, username: 'disabled', state: 'disabled' }, call());
    const { id } = await aUser(bus, organizationId, { username: 'hashless' });
    await sql('UPDATE directory.users SET password_hash = NULL WHERE id = $1', [id]);
    await failTimes(5, 'locked');

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
      const error: unknown = await signIn(username, password, more).catch((reason: unknown) => reason);
      expect({ username, ...(error as object) }).toEqual({ username, name: 'ServiceError', code: 'invalid_grant' });
    }
    expect(await client()).toEqual({ failures: causes.length + 5, unsettled: 0 });
    expect(await signIn('wrong', PASSWORD)).toMatchObject({ username: 'wrong' });
  });

  it('RO-04 a refused login name is counted as an unknown one, never as the user it names', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    for (let i = 0; i < 7; i++) await codeOf(signIn('ann', WRONG, { refuse: true }));
    expect(await account(id)).toBeUndefined();
    expect(await account(slotOf(organizationId, 'ann'))).toMatchObject({ failures: 5, streak: 5 });
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });
});

describe('limits of an account', () => {
  it('BF-01 the fifth wrong password in a row closes it, for the right one too', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    await failTimes(4, 'ann');
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    await failTimes(5, 'ann');
    expect(await account(id)).toEqual({ failures: 5, streak: 5, unsettled: 0, lock: 1 });
    await sql(`UPDATE directory.account_attempts SET locked_until = now() + interval '1 minute' WHERE account = $1`, [
      id,
    ]);
    const { lockedUntil } = await bus.call(findUser, { organizationId, username: 'ann' }, call());
    expect(Date.parse(lockedUntil ?? '')).toBeGreaterThan(Date.now() - 3_600_000);
    expect(await codesOf([signIn('ann', PASSWORD), signIn('ann', WRONG)])).toEqual(['invalid_grant', 'invalid_grant']);
    expect(await account(id)).toMatchObject({ failures: 5, streak: 5, unsettled: 0 }); // refused ones are not added
    await pass('2 minutes');
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
  });

  it('BF-01 each further one doubles the time, 15 minutes at most', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    await failTimes(4, 'ann');
    const locks: unknown[] = [];
    for (let i = 0; i < 13; i++) {
      await failTimes(1, 'ann');
      locks.push((await account(id))?.lock);
      await pass(`${String(locks.at(-1))} seconds`);
    }
    expect(locks).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });

  it('BF-01 a quiet quarter of an hour begins a new five, and the row of failures goes on', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    await failTimes(4, 'ann');
    await pass('15 minutes 1 second');
    await failTimes(4, 'ann');
    expect(await account(id)).toEqual({ failures: 8, streak: 4, unsettled: 0, lock: null });
  });

  it('BF-01 the hundredth in a row closes it until it is unlocked or the password is reset', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    for (const open of [
      () => bus.call(unlockUser, { organizationId, username: 'ann' }, call()),
      () => bus.call(resetPassword, { organizationId, username: 'ann', password: PASSWORD }, call()),
    ]) {
      await failTimes(1, 'ann');
      await set('failures', 99);
      await failTimes(1, 'ann');
      await pass('1 year');
      expect(await codeOf(signIn('ann', PASSWORD))).toBe('invalid_grant');
      const found = await bus.call(findUser, { organizationId, username: 'ann' }, call());
      expect(found.lockedUntil).toBe('9999-12-31T23:59:59.999Z');
      await open();
      expect(await bus.call(findUser, { organizationId, username: 'ann' }, call())).toMatchObject({
        lockedUntil: null,
      });
      expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    }
  });

  it('BF-04 names of no user are counted and closed just the same', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'known' });
    const accounts = { known: id, unknown: slotOf(organizationId, 'unknown') };
    const counted = { known: [] as unknown[], unknown: [] as unknown[] };
    for (let i = 0; i < 8; i++)
      for (const name of ['known', 'unknown'] as const) {
        await failTimes(1, name);
        const now = await account(accounts[name]);
        counted[name].push(now);
        if (i < 6) await pass(`${now?.lock ?? 0} seconds`);
      }
    expect(counted.unknown).toEqual(counted.known);
    expect(counted.known.at(-1)).toMatchObject({ streak: 7, lock: 4 });
  });

  it('BF-25 a hundred at once over two instances verify five, and all are counted for the client', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    const codes = await codesOf(times(100, () => signIn('ann', WRONG)));
    expect(new Set(codes)).toEqual(new Set(['invalid_grant']));
    expect(await client()).toEqual({ failures: 100, unsettled: 0 });
    const { failures = 0, unsettled } = (await account(id)) ?? {};
    expect(unsettled).toBe(0);
    expect(failures).toBeGreaterThanOrEqual(5);
    expect(failures).toBeLessThanOrEqual(7); // N + 1 tries beyond the limit for each instance at most
  });

  it('a right password is never refused for being tried fifty times at once', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'backend' });
    expect(await codesOf(times(50, () => signIn('backend', PASSWORD)))).toEqual(times(50, () => undefined));
    await failTimes(4, 'backend');
    expect(await codesOf(times(50, () => signIn('backend', PASSWORD)))).toEqual(times(50, () => undefined));
    expect(await account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    expect(await client()).toEqual({ failures: 4, unsettled: 0 });
  });

  it('attempts of an instance that was lost count as failures after five seconds, and are waited for until then', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    const of = { organizationId, usernameKey: 'ann', slot: '~0', clientId: 'other' };
    for (let i = 0; i < 5; i++) expect((await beginAttempt(own, of, LIMITS)).verdict).toBe('verify');
    expect((await beginAttempt(own, of, LIMITS)).verdict).toBe('busy');
    const request = { organizationId, username: 'ann', password: PASSWORD, clientId: 'client' };
    expect(await codeOf(bus.call(authenticateUser, request, startCall(700)))).toBe('temporarily_unavailable');
    expect(await account(id)).toMatchObject({ failures: 0, unsettled: 5 });
    await pass('6 seconds');
    await failTimes(1, 'ann');
    expect(await account(id)).toEqual({ failures: 6, streak: 6, unsettled: 0, lock: 2 });
    await pass('2 seconds');
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });

  it('an attempt that was not verified is taken back', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    const of = { organizationId, usernameKey: 'ann', slot: '~0', clientId: 'client' };
    await settleAttempt(own, of, await beginAttempt(own, of, LIMITS), 'withdrawn', LIMITS);
    expect(await account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    expect(await client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('abuse 48: ten thousand names grow the table by 4,096 rows at most', async () => {
    const slots = Array.from({ length: 10_000 }, (_, i) => slotOf(organizationId, `random name ${i}`));
    for (let from = 0; from < slots.length; from += 250)
      await own.query(
        `SELECT begin_attempt($1, '', slot, 'client', 1000000, 1000000, 1000000) FROM unnest($2::text[]) AS slot`,
        [organizationId, slots.slice(from, from + 250)],
      );
    const [row] = await sql<{ rows: number }>(
      'SELECT count(*)::int AS rows FROM directory.account_attempts WHERE organization_id = $1',
      [organizationId],
    );
    expect(row?.rows).toBeLessThanOrEqual(4096);
    expect(row?.rows).toBeGreaterThan(3000); // spread evenly, 10,000 names leave one slot in eleven empty
  });
});

describe('limits of a client', () => {
  const nearLimit = () =>
    sql('UPDATE directory.client_attempts SET failures = 299 WHERE organization_id = $1', [organizationId]);

  it('BF-03 BF-05 after 300 wrong passwords in 5 minutes it is told to wait, whomever it names', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    await failTimes(1, 'ann');
    await nearLimit();
    await failTimes(1, 'ann');
    for (const [username, password] of [
      ['ann', PASSWORD],
      ['ann', WRONG],
      ['unknown', WRONG],
    ] as const) {
      const error = (await signIn(username, password).catch((reason: unknown) => reason)) as { retryAfter: number };
      expect(error).toMatchObject({ code: 'too_many_requests', description: 'too many wrong passwords' });
      expect(error.retryAfter).toBeGreaterThan(0);
      expect(error.retryAfter).toBeLessThanOrEqual(300);
    }
    expect(await account(id)).toMatchObject({ failures: 2, unsettled: 0 }); // refused before hashing
    expect(await signIn('ann', PASSWORD, { clientId: 'another client' })).toMatchObject({ sub: id });
    await sql(
      `UPDATE directory.client_attempts SET period_started_at = period_started_at - interval '5 minutes'
       WHERE organization_id = $1`,
      [organizationId],
    );
    expect(await signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('BF-03 right passwords do not count, also many at once just below the limit', async () => {
    await aUser(bus, organizationId, { username: 'ann' });
    await aUser(bus, organizationId, { username: 'bob' });
    await failTimes(1, 'ann');
    await nearLimit();
    const both = times(10, () => [signIn('ann', PASSWORD), signIn('bob', PASSWORD)]).flat();
    expect(await codesOf(both)).toEqual(times(20, () => undefined));
    expect(await client()).toEqual({ failures: 299, unsettled: 0 });
  });

  it('BF-25 many wrong ones at once just below the limit do not get past it', async () => {
    await Promise.all(times(20, () => aUser(bus, organizationId)));
    await failTimes(1, 'ann');
    await nearLimit();
    const codes = await codesOf(Array.from({ length: 20 }, (_, i) => signIn(`user ${i}`, WRONG)));
    expect(codes.filter((code) => code === 'invalid_grant')).toHaveLength(1);
    expect(codes.filter((code) => code === 'too_many_requests')).toHaveLength(19);
    expect(await client()).toEqual({ failures: 300, unsettled: 0 });
  });
});

describe('passwords', () => {
  it.each([
    ['a million characters', 'x'.repeat(900_000)],
    ['1,025 bytes', 'x'.repeat(1025)],
    ['1,026 bytes in 342 characters', '\u20ac'.repeat(342)],
  ])('BF-07 abuse 35: %s are refused before anything is counted or hashed', async (_, password) => {
    await aUser(bus, organizationId, { username: 'ann' });
    expect(await codeOf(signIn('ann', password))).toBe('invalid_request');
    expect(await client()).toBeUndefined();
  });

  it.each(['nul \0 in the middle', ' blanks around it ', '\u{1F511} emoji \u{1F511} emoji', `${'x'.repeat(1023)}y`])(
    'abuse 35: %j is verified byte for byte',
    async (password) => {
      const { id } = await aUser(bus, organizationId, { username: 'ann', password });
      expect(await signIn('ann', password)).toMatchObject({ sub: id });
      const [beginning = ''] = password.split('\0');
      const others = [
        beginning,
        password.slice(0, -1),
        password.slice(0, 72),
        `${password.trim()}.`,
        password.toUpperCase(),
      ];
      for (const other of others.filter((other) => other !== password && other.length <= 1024))
        expect(await codeOf(signIn('ann', other))).toBe('invalid_grant');
    },
  );

  it('abuse 35: what is more than may wait is shed, and nothing else is harmed', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    const codes = await codesOf(times(400, () => signIn('ann', PASSWORD)));
    const [done, shed] = [undefined, 'temporarily_unavailable'].map(
      (code) => codes.filter((one) => one === code).length,
    );
    expect(done).toBeGreaterThanOrEqual(66); // two threads and 64 places at one instance
    expect(shed).toBeGreaterThan(0);
    expect((done ?? 0) + (shed ?? 0)).toBe(400);
    expect(await account(id)).toMatchObject({ failures: 0, unsettled: 0 });
    expect(await client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('C-03 a hash with other parameters is made anew after a sign-in', async () => {
    const { id } = await aUser(bus, organizationId, { username: 'ann' });
    const hashOf = async () => {
      const [row] = await sql<{ phc: string }>('SELECT password_hash AS phc FROM directory.users WHERE id = $1', [id]);
      return row?.phc ?? '';
    };
    const old = hashSync(PASSWORD, { memoryCost: 8192, timeCost: 1, parallelism: 1 });
    await sql('UPDATE directory.users SET password_hash = $2 WHERE id = $1', [id, old]);
    await failTimes(1, 'ann');
    const before = await signIn('ann', PASSWORD);
    while ((await hashOf()) === old) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(parseOptions(await hashOf())).toMatchObject({ memoryCost: 19456, timeCost: 2, parallelism: 1 });
    expect(await signIn('ann', PASSWORD)).toEqual(before);
  });
});
