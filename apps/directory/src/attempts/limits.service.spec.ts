import { startCall, type Bus } from '@keyward/bus';
import { authenticateUser, findUser, resetPassword, unlockUser } from '@keyward/contracts';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { Attempts, codesOf, times, WRONG, type Sql } from '../../test/attempts';
import {
  anOrganization,
  aUser,
  call,
  CHEAP,
  codeOf,
  PASSWORD,
  startInstances,
  type Instances,
} from '../../test/instances';
import { DIRECTORY_SCHEMA } from '../data-source';
import { beginAttempt, settleAttempt, slotOf } from './attempts';

const LIMITS = { account: 5, ceiling: 100, client: 300 };

let database: TestDatabase;
let instances: Instances;
let bus: Bus;
/** The service's own role, for what only a crash or ten thousand requests would show. */
let own: DataSource;
/** In a new organization for every test, so that no test's failures are another's. */
let on: Attempts;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'), {}, CHEAP);
  bus = instances.bus;
  await instances.start();
  own = await database.connect('directory');
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

/** A client of the test's organization. */
const by = (clientId: string) => ({ clientId, clientOrganizationId: on.organizationId });

describe('limits of an account', () => {
  it('BF-01 the fifth wrong password in a row closes it, for the right one too', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    await on.failTimes(4, 'ann');
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await on.account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    await on.failTimes(5, 'ann');
    expect(await on.account(id)).toEqual({ failures: 5, streak: 5, unsettled: 0, lock: 1 });
    await on.sql(
      `UPDATE directory.account_attempts SET locked_until = now() + interval '1 minute' WHERE account = $1`,
      [id],
    );
    const { lockedUntil } = await bus.call(findUser, { organizationId: on.organizationId, username: 'ann' }, call());
    expect(Date.parse(lockedUntil ?? '')).toBeGreaterThan(Date.now() - 3_600_000);
    expect(await codesOf([on.signIn('ann', PASSWORD), on.signIn('ann', WRONG)])).toEqual([
      'invalid_grant',
      'invalid_grant',
    ]);
    expect(await on.account(id)).toMatchObject({ failures: 5, streak: 5, unsettled: 0 }); // refused ones are not added
    await on.pass('2 minutes');
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await on.account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
  });

  it('BF-01 each further one doubles the time, 15 minutes at most', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    await on.failTimes(4, 'ann');
    const locks: unknown[] = [];
    for (let i = 0; i < 13; i++) {
      await on.failTimes(1, 'ann');
      locks.push((await on.account(id))?.lock);
      await on.pass(`${String(locks.at(-1))} seconds`);
    }
    expect(locks).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });

  it('BF-01 a quiet quarter of an hour begins a new five, and the row of failures goes on', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    await on.failTimes(4, 'ann');
    await on.pass('15 minutes 1 second');
    await on.failTimes(4, 'ann');
    expect(await on.account(id)).toEqual({ failures: 8, streak: 4, unsettled: 0, lock: null });
  });

  it('BF-01 the hundredth in a row closes it until it is unlocked or the password is reset', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    for (const open of [
      () => bus.call(unlockUser, { organizationId: on.organizationId, username: 'ann' }, call()),
      () => bus.call(resetPassword, { organizationId: on.organizationId, username: 'ann', password: PASSWORD }, call()),
    ]) {
      await on.failTimes(1, 'ann');
      await on.sql('UPDATE directory.account_attempts SET failures = 99 WHERE organization_id = $1', [
        on.organizationId,
      ]);
      await on.failTimes(1, 'ann');
      await on.pass('1 year');
      expect(await codeOf(on.signIn('ann', PASSWORD))).toBe('invalid_grant');
      const found = await bus.call(findUser, { organizationId: on.organizationId, username: 'ann' }, call());
      expect(found.lockedUntil).toBe('9999-12-31T23:59:59.999Z');
      await open();
      expect(await bus.call(findUser, { organizationId: on.organizationId, username: 'ann' }, call())).toMatchObject({
        lockedUntil: null,
      });
      expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    }
  });

  it('BF-04 names of no user are counted and closed just the same', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'known' });
    const accounts = { known: id, unknown: slotOf(on.organizationId, 'unknown') };
    const counted = { known: [] as unknown[], unknown: [] as unknown[] };
    for (let i = 0; i < 8; i++)
      for (const name of ['known', 'unknown'] as const) {
        await on.failTimes(1, name);
        const now = await on.account(accounts[name]);
        counted[name].push(now);
        if (i < 6) await on.pass(`${now?.lock ?? 0} seconds`);
      }
    expect(counted.unknown).toEqual(counted.known);
    expect(counted.known.at(-1)).toMatchObject({ streak: 7, lock: 4 });
  });

  it('BF-25 a hundred at once over two instances verify five, and all are counted for the client', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    const codes = await codesOf(times(100, () => on.signIn('ann', WRONG)));
    expect(new Set(codes)).toEqual(new Set(['invalid_grant']));
    expect(await on.client()).toEqual({ failures: 100, unsettled: 0 });
    const { failures = 0, unsettled } = (await on.account(id)) ?? {};
    expect(unsettled).toBe(0);
    expect(failures).toBeGreaterThanOrEqual(5);
    expect(failures).toBeLessThanOrEqual(7); // N + 1 tries beyond the limit for each instance at most
  });

  it('a right password is never refused for being tried fifty times at once', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'backend' });
    expect(await codesOf(times(50, () => on.signIn('backend', PASSWORD)))).toEqual(times(50, () => undefined));
    await on.failTimes(4, 'backend');
    expect(await codesOf(times(50, () => on.signIn('backend', PASSWORD)))).toEqual(times(50, () => undefined));
    expect(await on.account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    expect(await on.client()).toEqual({ failures: 4, unsettled: 0 });
  });

  it('attempts of an instance that was lost count as failures after five seconds, and are waited for until then', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    const of = { organizationId: on.organizationId, usernameKey: 'ann', slot: '~0', ...by('other') };
    for (let i = 0; i < 5; i++) expect((await beginAttempt(own, of, LIMITS)).verdict).toBe('verify');
    await on.pass('-1 hour'); // However slow the machine, it is not yet five seconds ago.
    expect((await beginAttempt(own, of, LIMITS)).verdict).toBe('busy');
    const request = { organizationId: on.organizationId, username: 'ann', password: PASSWORD, ...by('client') };
    expect(await codeOf(bus.call(authenticateUser, request, startCall(2000)))).toBe('temporarily_unavailable');
    expect(await on.account(id)).toMatchObject({ failures: 0, unsettled: 5 });
    await on.pass('1 hour 6 seconds');
    await on.failTimes(1, 'ann');
    expect(await on.account(id)).toEqual({ failures: 6, streak: 6, unsettled: 0, lock: 2 });
    await on.pass('2 seconds');
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });

  it('an attempt that was not verified is taken back', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    const of = { organizationId: on.organizationId, usernameKey: 'ann', slot: '~0', ...by('client') };
    await settleAttempt(own, of, await beginAttempt(own, of, LIMITS), 'withdrawn', LIMITS);
    expect(await on.account(id)).toEqual({ failures: 0, streak: 0, unsettled: 0, lock: null });
    expect(await on.client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('abuse 48: ten thousand names grow the table by 4,096 rows at most', async () => {
    const slots = Array.from({ length: 10_000 }, (_, i) => slotOf(on.organizationId, `random name ${i}`));
    for (let from = 0; from < slots.length; from += 100)
      await own.query(
        `SELECT begin_attempt($1, '', slot, $1, 'client', 1000000, 1000000, 1000000) FROM unnest($2::text[]) AS slot`,
        [on.organizationId, slots.slice(from, from + 100)],
      );
    const [row] = await on.sql<{ rows: number }>(
      'SELECT count(*)::int AS rows FROM directory.account_attempts WHERE organization_id = $1',
      [on.organizationId],
    );
    expect(row?.rows).toBeLessThanOrEqual(4096);
    expect(row?.rows).toBeGreaterThan(3000); // spread evenly, 10,000 names leave one slot in eleven empty
  });
});

describe('limits of a client', () => {
  const nearLimit = () =>
    on.sql('UPDATE directory.client_attempts SET failures = 299 WHERE organization_id = $1', [on.organizationId]);

  it('BF-03 BF-05 after 300 wrong passwords in 5 minutes it is told to wait, whomever it names', async () => {
    const { id } = await aUser(bus, on.organizationId, { username: 'ann' });
    await on.failTimes(1, 'ann');
    await nearLimit();
    await on.failTimes(1, 'ann');
    for (const [username, password] of [
      ['ann', PASSWORD],
      ['ann', WRONG],
      ['unknown', WRONG],
    ] as const) {
      const error = (await on.signIn(username, password).catch((reason: unknown) => reason)) as { retryAfter: number };
      expect(error).toMatchObject({ code: 'too_many_requests', description: 'too many wrong passwords' });
      expect(error.retryAfter).toBeGreaterThan(0);
      expect(error.retryAfter).toBeLessThanOrEqual(300);
    }
    expect(await on.account(id)).toMatchObject({ failures: 2, unsettled: 0 }); // refused before hashing
    expect(await on.signIn('ann', PASSWORD, { clientId: 'another client' })).toMatchObject({ sub: id });
    await on.sql(
      `UPDATE directory.client_attempts SET period_started_at = period_started_at - interval '5 minutes'
       WHERE organization_id = $1`,
      [on.organizationId],
    );
    expect(await on.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
    expect(await on.client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('BF-03 in all organizations together, for a client that takes users of several', async () => {
    const home = on.organizationId;
    const [away, further] = [new Attempts(bus, on.sql, (await anOrganization(bus)).id), (await anOrganization(bus)).id];
    const { id } = await aUser(bus, away.organizationId, { username: 'ann' });
    await on.failTimes(1, 'ann');
    await nearLimit();
    expect(await codeOf(away.signIn('ann', WRONG, by('client')))).toBe('invalid_grant');
    expect(await away.account(id)).toMatchObject({ failures: 1, unsettled: 0 });
    for (const organizationId of [home, away.organizationId, further])
      expect(await codeOf(on.signIn('ann', PASSWORD, { organizationId }))).toBe('too_many_requests');
    expect([await on.client(), await away.client()]).toEqual([{ failures: 300, unsettled: 0 }, undefined]);
    // A client of the same name in another organization is another.
    expect(await away.signIn('ann', PASSWORD)).toMatchObject({ sub: id });
  });

  it('BF-03 right passwords do not count, also many at once just below the limit', async () => {
    await aUser(bus, on.organizationId, { username: 'ann' });
    await aUser(bus, on.organizationId, { username: 'bob' });
    await on.failTimes(1, 'ann');
    await nearLimit();
    const both = times(10, () => [on.signIn('ann', PASSWORD), on.signIn('bob', PASSWORD)]).flat();
    expect(await codesOf(both)).toEqual(times(20, () => undefined));
    expect(await on.client()).toEqual({ failures: 299, unsettled: 0 });
  });

  it('BF-25 many wrong ones at once just below the limit do not get past it', async () => {
    await Promise.all(times(20, () => aUser(bus, on.organizationId)));
    await on.failTimes(1, 'ann');
    await nearLimit();
    const codes = await codesOf(Array.from({ length: 20 }, (_, i) => on.signIn(`user ${i}`, WRONG)));
    expect(codes.filter((code) => code === 'invalid_grant')).toHaveLength(1);
    expect(codes.filter((code) => code === 'too_many_requests')).toHaveLength(19);
    expect(await on.client()).toEqual({ failures: 300, unsettled: 0 });
  });
});
