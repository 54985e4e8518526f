import { FeedFollower, type Bus } from '@keyward/bus';
import {
  createOrganization,
  findOrganization,
  listOrganizations,
  organizations as feed,
  ROOT_ORGANIZATION,
  updateOrganization,
  type CreateOrganization,
  type Organization,
} from '@keyward/contracts';
import { checkIsolation, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { anOrganization, call, codeOf, startInstances, type Instances } from '../../test/instances';
import { DIRECTORY_EXCEPTIONS, DIRECTORY_SCHEMA } from '../data-source';

let database: TestDatabase;
let instances: Instances;
let bus: Bus;

beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  instances = await startInstances(database.url('directory'));
  bus = instances.bus;
});
afterAll(async () => {
  await instances.close();
  await database.drop();
});

const create = (request: Partial<CreateOrganization>) =>
  bus.call(createOrganization, request as CreateOrganization, call());

describe('organizations', () => {
  it('has the root organization from the start, with its known id', async () => {
    const root = await bus.call(findOrganization, { key: 'root' }, call());
    expect(root).toMatchObject({ id: ROOT_ORGANIZATION.id, state: 'active', passwordGrant: true });
  });

  it('creates one that is found by its key, in any case', async () => {
    const made = await create({ key: 'acme', name: 'Acme Ltd.' });
    expect(made).toMatchObject({ key: 'acme', name: 'Acme Ltd.', state: 'active', passwordGrant: true });
    expect(Date.parse(made.createdAt)).toBeLessThanOrEqual(Date.now() + 60_000);
    expect(await bus.call(findOrganization, { key: 'ACME' }, call())).toEqual(made);
  });

  it('names one after its key when it has no name', async () => {
    expect(await create({ key: 'no-name' })).toMatchObject({ name: 'no-name' });
    expect(await create({ key: 'null-name', name: null as never })).toMatchObject({ name: 'null-name' });
  });

  it.each(['a', 'Acme', 'a--b', '-ab', 'ab-', 'a.b', 'a_b', 'über', 'a b', 'ab\n', 'x'.repeat(64), ''])(
    'RO-10 takes no org key %j',
    async (key) => {
      expect(await codeOf(create({ key }))).toBe('invalid_request');
    },
  );

  it.each(['ab', 'a-b', '4711', 'x'.repeat(63)])('RO-10 takes the org key %j', async (key) => {
    expect(await create({ key })).toMatchObject({ key });
  });

  it('answers conflict for a key that is taken, also to all but one of many at once', async () => {
    const codes = await Promise.all(Array.from({ length: 10 }, () => codeOf(create({ key: 'wanted' }))));
    expect(codes.filter((code) => code === undefined)).toHaveLength(1);
    expect(codes.filter((code) => code === 'conflict')).toHaveLength(9);
  });

  it('abuse 30: sets nothing but what the message has', async () => {
    const extra = { key: 'plain', id: ROOT_ORGANIZATION.id, state: 'suspended', passwordGrant: false };
    const made = await create(extra);
    expect(made).toMatchObject({ state: 'active', passwordGrant: true });
    expect(made.id).not.toBe(ROOT_ORGANIZATION.id);
    const update = { organizationId: made.id, key: 'other', createdAt: '2000-01-01', name: 'New' };
    expect(await bus.call(updateOrganization, update, call())).toEqual({ ...made, name: 'New' });
  });

  it('changes what is present, and of the root nothing that operators need', async () => {
    const { id } = await anOrganization(bus);
    const change = (request: object) => bus.call(updateOrganization, { organizationId: id, ...request }, call());
    expect(await change({ state: 'suspended' })).toMatchObject({ state: 'suspended', passwordGrant: true });
    expect(await change({ passwordGrant: false })).toMatchObject({ state: 'suspended', passwordGrant: false });
    for (const needed of [{ state: 'suspended' }, { passwordGrant: false }])
      expect(await codeOf(change({ organizationId: ROOT_ORGANIZATION.id, ...needed }))).toBe('invalid_request');
    const unknown = '00000000-0000-4000-8000-000000000000';
    expect(await codeOf(change({ organizationId: unknown, name: 'x' }))).toBe('not_found');
    for (const name of ['a\0b', 'a\ud800b', '\udc00']) expect(await codeOf(change({ name }))).toBe('invalid_request');
  });

  it.each(['unknown', 'no.key', 'a\0b', ''])('answers not_found for %j', async (key) => {
    expect(await codeOf(bus.call(findOrganization, { key }, call()))).toBe('not_found');
  });

  it('lists all in pages, each once, in the order of keys', async () => {
    const keys: string[] = [];
    for (let after: string | undefined, more = true; more; more = after !== undefined) {
      const page = await bus.call(listOrganizations, { limit: 3, after }, call());
      expect(page.items.length).toBeLessThanOrEqual(3);
      keys.push(...page.items.map(({ key }) => key));
      after = page.next;
    }
    expect(keys).toContain('root');
    expect(keys).toContain('acme');
    expect(keys).toEqual([...new Set(keys)].sort());
  });

  it.each(["'; DROP TABLE organizations; --", 'a\0b', '\u{1F600}'])(
    'abuse 38: a cursor of %j is only a place in the order',
    async (after) => {
      const code = await codeOf(bus.call(listOrganizations, { limit: 5, after }, call()));
      expect([undefined, 'invalid_request']).toContain(code);
      expect((await bus.call(listOrganizations, { limit: 1 }, call())).items).toHaveLength(1);
    },
  );
});

describe('the feed directory.organizations', () => {
  it('begins with what there is and follows every change in order', async () => {
    const before = await anOrganization(bus);
    const known = new Map<string, Organization>();
    const heard: string[] = [];
    const follower = new FeedFollower(bus, feed, {
      apply: (id, record) => {
        heard.push(`${id} ${record?.name ?? ''}`);
        if (record) known.set(id, record);
        else known.delete(id);
      },
      reset: () => known.clear(),
    });
    await follower.start();
    try {
      expect(known.get(before.id)).toEqual(before);
      expect(known.get(ROOT_ORGANIZATION.id)).toMatchObject({ key: 'root' });

      const made = await anOrganization(bus);
      const { id: organizationId } = made;
      for (const name of ['first', 'second', 'third'])
        await bus.call(updateOrganization, { organizationId, name }, call());
      const suspended = await bus.call(updateOrganization, { organizationId, state: 'suspended' }, call());
      await until(() => known.get(organizationId)?.state === 'suspended');
      expect(known.get(organizationId)).toEqual(suspended);
      const names = [made.name, 'first', 'second', 'third', 'third'];
      expect(heard.slice(-5)).toEqual(names.map((name) => `${organizationId} ${name}`));
    } finally {
      follower.stop();
    }
  });

  it('says nothing of a change that was not made', async () => {
    const before = await bus.call(feed.position, {}, call());
    expect(await codeOf(create({ key: 'root' }))).toBe('conflict');
    expect(await bus.call(feed.position, {}, call())).toEqual(before);
  });
});

it('keeps every table of an organization to that organization', async () => {
  expect(await checkIsolation(database.adminUrl, ['directory'], DIRECTORY_EXCEPTIONS)).toEqual([]);
});

/** Jest's own time limit ends it. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 10));
}
