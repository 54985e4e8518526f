import {
  checkUser,
  deleteUser,
  endGrants,
  resetPassword,
  updateUser,
  userRevocations,
  type User,
} from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import { createTestDatabase, type TestDatabase } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { anOrganization, aUser, call, startInstances, type Instances } from '../../test/instances';
import { DIRECTORY_SCHEMA } from '../data-source';

let database: TestDatabase;
let instances: Instances;
let organizationId: string;
let strict: Revocations;
let lenient: Revocations;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'));
  organizationId = (await anOrganization(instances.bus)).id;
  const feeds = [userRevocations];
  strict = new Revocations(instances.bus, { passwordChange: true, feeds });
  lenient = new Revocations(instances.bus, { passwordChange: false, feeds });
  await Promise.all([strict.start(), lenient.start()]);
});
afterAll(async () => {
  strict.stop();
  lenient.stop();
  await instances.close();
  await database.drop();
});

/** A token of a user who has just signed in. */
async function tokenOf({ id: sub }: User) {
  const { credentialsChangedAt } = await instances.bus.call(checkUser, { organizationId, sub }, call());
  const now = Math.floor(Date.now() / 1000);
  return { jti: 'random', sub, client_id: 'key', iat: now, auth_time: Math.max(now, credentialsChangedAt) };
}
type Token = Awaited<ReturnType<typeof tokenOf>>;

async function dies(token: Token, at: Revocations): Promise<boolean> {
  for (const end = Date.now() + 30_000; Date.now() < end && !at.isRevoked(token, organizationId);) await pause(10);
  return at.isRevoked(token, organizationId);
}

describe('RT-10 C-62 the tokens of a user', () => {
  it('are refused everywhere from when the user is disabled, also once enabled again', async () => {
    const user = await aUser(instances.bus, organizationId);
    const token = await tokenOf(user);
    const name = { organizationId, username: user.username };
    await instances.bus.call(updateUser, { ...name, state: 'disabled' }, call());
    for (const each of [strict, lenient]) expect(await dies(token, each)).toBe(true);
    await instances.bus.call(updateUser, { ...name, state: 'active' }, call());
    const later = await tokenOf(user);
    await pause(50);
    expect(strict.isRevoked(token, organizationId)).toBe(true);
    expect(strict.isRevoked(later, organizationId)).toBe(false);
  });

  it('are refused when all that the user granted is ended; the next are good in the same second', async () => {
    const user = await aUser(instances.bus, organizationId);
    const token = await tokenOf(user);
    await instances.bus.call(endGrants, { organizationId, username: user.username }, call());
    for (const each of [strict, lenient]) expect(await dies(token, each)).toBe(true);
    expect(lenient.isRevoked(await tokenOf(user), organizationId)).toBe(false);
    const { credentialsChangedAt, grantsEndedAt } = await instances.bus.call(
      checkUser,
      { organizationId, sub: user.id },
      call(),
    );
    expect(grantsEndedAt).toBe(credentialsChangedAt);
  });

  it('are refused from when the password is another, unless the server lets that pass', async () => {
    const user = await aUser(instances.bus, organizationId);
    const token = await tokenOf(user);
    await instances.bus.call(resetPassword, { organizationId, username: user.username }, call());
    expect(await dies(token, strict)).toBe(true);
    expect(lenient.isRevoked(token, organizationId)).toBe(false);
    expect(strict.isRevoked(await tokenOf(user), organizationId)).toBe(false);
  });

  it('are refused when the user is deleted', async () => {
    const user = await aUser(instances.bus, organizationId);
    const token = await tokenOf(user);
    await instances.bus.call(deleteUser, { organizationId, username: user.username }, call());
    for (const each of [strict, lenient]) expect(await dies(token, each)).toBe(true);
  });

  it('are not concerned by what else changes', async () => {
    const user = await aUser(instances.bus, organizationId);
    const token = await tokenOf(user);
    await instances.bus.call(updateUser, { organizationId, username: user.username, roles: ['a'] }, call());
    const other = await aUser(instances.bus, organizationId);
    const others = await tokenOf(other);
    await instances.bus.call(deleteUser, { organizationId, username: other.username }, call());
    expect(await dies(others, strict)).toBe(true);
    expect(strict.isRevoked(token, organizationId)).toBe(false);
  });
});
