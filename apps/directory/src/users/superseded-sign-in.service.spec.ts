import { hashSync } from '@node-rs/argon2';
import type { Bus } from '@keyward/bus';
import { deleteUser, endGrants, resetPassword, updateUser } from '@keyward/contracts';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { Attempts, type Sql } from '../../test/attempts';
import { anOrganization, aUser, call, codeOf, PASSWORD, startInstances, type Instances } from '../../test/instances';
import { DIRECTORY_SCHEMA } from '../data-source';

/** Verified for so long that everything else can happen meanwhile. */
const SLOW = hashSync(PASSWORD, { memoryCost: 65536, timeCost: 20, parallelism: 1 });
const OTHER = 'quite another long password';

let database: TestDatabase;
let instances: Instances;
let bus: Bus;
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

interface Named {
  organizationId: string;
  username: string;
}
const change = (named: Named, state: 'active' | 'disabled') => bus.call(updateUser, { ...named, state }, call());
const reset = (named: Named) => bus.call(resetPassword, { ...named, password: OTHER }, call());

const ends: [what: string, end: (named: Named) => Promise<unknown>][] = [
  ['is disabled', (named) => change(named, 'disabled')],
  ['is disabled and enabled again', (named) => change(named, 'disabled').then(() => change(named, 'active'))],
  ['is signed out everywhere', (named) => bus.call(endGrants, named, call())],
  ['gets another password', reset],
  ['is deleted', (named) => bus.call(deleteUser, named, call())],
];

describe('RT-10 a sign-in during which what the user has granted is ended', () => {
  it.each(ends)('RT-10 comes to nothing when the user %s while the password is being verified', async (_, end) => {
    const { id, organizationId, username } = await aUser(bus, on.organizationId);
    await on.sql('UPDATE directory.users SET password_hash = $2 WHERE id = $1', [id, SLOW]);
    const code = codeOf(on.signIn(username, PASSWORD));
    while ((await on.account(id))?.unsettled !== 1) await pause(5);
    await end({ organizationId, username });
    expect(await on.client()).toEqual({ failures: 0, unsettled: 1 });
    expect(await code).toBe('invalid_grant');
    expect(await on.client()).toEqual({ failures: 0, unsettled: 0 });
  });

  it('RT-10 comes to nothing too when that is only about to be committed', async () => {
    const { organizationId, username } = await aUser(bus, on.organizationId);
    const other = await aUser(bus, on.organizationId);
    await bus.call(endGrants, { organizationId, username: other.username }, call());
    const [code, done] = await asAdmin(database.adminUrl, async (admin) => {
      await admin.query(`BEGIN; SELECT FROM directory.feed_positions WHERE feed = 'directory.revocations' FOR UPDATE`);
      const resetting = codeOf(reset({ organizationId, username }));
      const isHeld = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%append_change%'`;
      while ((await on.sql(isHeld)).length === 0) await pause(5);
      const signingIn = codeOf(on.signIn(username, PASSWORD));
      await pause(500);
      await admin.query('COMMIT');
      return Promise.all([signingIn, resetting]);
    });
    expect([code, done]).toEqual(['invalid_grant', undefined]);
  });
});

it('RT-10 the time of a sign-in is before what ends it, and not before what has ended others in the same second', async () => {
  const { organizationId, username } = await aUser(bus, on.organizationId);
  let before = await on.signIn(username, PASSWORD);
  for (let n = 0; n < 3; n++) {
    await bus.call(endGrants, { organizationId, username }, call());
    const after = await on.signIn(username, PASSWORD);
    expect(before.authTime).toBeLessThan(after.credentialsChangedAt);
    expect(after.authTime).toBeGreaterThanOrEqual(after.credentialsChangedAt);
    before = after;
  }
});
