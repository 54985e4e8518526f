import { randomUUID } from 'node:crypto';
import {
  createDenyRule,
  deleteDenyRule,
  denyRules,
  findDenyRule,
  listDenyRules,
  updateDenyRule,
  type CreateDenyRule,
} from '@keyward/contracts';
import { asAdmin } from '@keyward/testing';
import { anApi, anOrganization } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

const create = (organizationId: string, rule: Omit<CreateDenyRule, 'organizationId'>) =>
  catalog.bus.call(createDenyRule, { organizationId, ...rule }, call());
const told = async (position: number) =>
  (await catalog.bus.call(denyRules.since, { position }, call())).changes.map(({ id, record }) => ({ id, record }));

it('900805 is told while it holds', async () => {
  const organizationId = anOrganization();
  const { position } = await catalog.bus.call(denyRules.position, {}, call());
  const { id: rule } = await create(organizationId, { kind: 'ip', value: '2001:DB8::/32', description: 'Why' });
  for (const active of [false, true]) await catalog.bus.call(updateDenyRule, { organizationId, rule, active }, call());
  await catalog.bus.call(deleteDenyRule, { organizationId, rule }, call());
  const record = { organizationId, kind: 'ip', target: '2001:db8::/32' };
  expect(await told(position)).toEqual([record, null, record, null].map((each) => ({ id: rule, record: each })));
});

it('is in the snapshot while it holds', async () => {
  const organizationId = anOrganization();
  const [user, target] = [randomUUID(), randomUUID()];
  await create(organizationId, { kind: 'user', value: 'ann', target: user, active: false });
  const { id } = await create(organizationId, { kind: 'application', value: 'shop', target });
  const { records } = await catalog.bus.call(denyRules.snapshot, { limit: 500 }, call());
  expect(records.filter(({ record }) => record.organizationId === organizationId)).toEqual([
    { id, record: { organizationId, kind: 'application', target } },
  ]);
});

it('names an API by its id', async () => {
  const organizationId = anOrganization();
  const { id, name } = await anApi(catalog.bus, organizationId);
  expect((await create(organizationId, { kind: 'api', value: name })).target).toBe(id);
  expect((await refusalOf(create(organizationId, { kind: 'api', value: id })))?.[0]).toBe('conflict');
  expect((await refusalOf(create(organizationId, { kind: 'api', value: 'none' })))?.[0]).toBe('not_found');
});

it.each(['', 'example.com', '192.0.2.0/33', '192.0.2.1/', '::1/129', '1.2.3', 'fe80::1%eth0', '192.0.2.0/24/1'])(
  'is not for the address %j',
  async (value) => {
    expect((await refusalOf(create(anOrganization(), { kind: 'ip', value })))?.[0]).toBe('invalid_request');
  },
);

it('abuse 48: there are a thousand of an organization at most', async () => {
  const [organizationId, other] = [anOrganization(), anOrganization()];
  const first = await create(organizationId, { kind: 'ip', value: '192.0.2.1', active: false });
  await asAdmin(catalog.database.adminUrl, (admin) =>
    admin.query(
      `INSERT INTO catalog.deny_rules
         SELECT organization_id, gen_random_uuid(), kind, '10.0.0.0/' || n, value, description, n % 20 > 0, created_at
           FROM catalog.deny_rules, generate_series(1, 998) AS n WHERE organization_id = $1`,
      [organizationId],
    ),
  );
  await create(organizationId, { kind: 'ip', value: '192.0.2.2' });
  const one = { kind: 'ip', value: '198.51.100.1' } as const;
  expect(await refusalOf(create(organizationId, one))).toEqual([
    'conflict',
    expect.stringContaining('1000 deny rules'),
  ]);
  expect((await create(other, one)).target).toBe(one.value);
  await catalog.bus.call(deleteDenyRule, { organizationId, rule: first.id }, call());
  expect((await create(organizationId, one)).target).toBe(one.value);
});

it('abuse 1: is nothing to another organization', async () => {
  const [own, organizationId] = [anOrganization(), anOrganization()];
  const { id: rule } = await create(own, { kind: 'ip', value: '192.0.2.1' });
  for (const asked of [findDenyRule, updateDenyRule, deleteDenyRule])
    expect(await refusalOf(catalog.bus.call(asked as typeof findDenyRule, { organizationId, rule }, call()))).toEqual([
      'not_found',
      'no such rule',
    ]);
  expect((await catalog.bus.call(listDenyRules, { organizationId, limit: 10 }, call())).items).toEqual([]);
  expect((await catalog.bus.call(listDenyRules, { organizationId: own, limit: 10 }, call())).items).toHaveLength(1);
});
