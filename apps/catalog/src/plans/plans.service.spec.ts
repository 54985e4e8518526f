import { createPlan, deletePlan, updatePlan, type CreatePlan } from '@keyward/contracts';
import { anOrganization } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => {
  catalog = await startInstances();
  await catalog.start();
});
afterAll(() => catalog.close());

const create = (organizationId: string, more: Partial<CreatePlan>) =>
  catalog.bus.call(createPlan, { organizationId, name: 'Each', level: 'custom', requests: 10, ...more }, call());

it('900806 a custom plan says what it is counted by, and no other plan does', async () => {
  const organizationId = anOrganization();
  for (const more of [{}, { countedBy: [] }, { level: 'api', countedBy: ['user'] }] as const)
    expect(await refusalOf(create(organizationId, more as never))).toContain('invalid_request');
  expect(await create(organizationId, { countedBy: ['address', 'api'] })).toMatchObject({
    countedBy: ['address', 'api'],
  });
  const plan = { organizationId, level: 'custom', plan: 'Each' };
  expect(await catalog.bus.call(updatePlan, { ...plan, countedBy: ['user'] }, call())).toMatchObject({
    countedBy: ['user'],
  });
  expect(await refusalOf(catalog.bus.call(updatePlan, { ...plan, countedBy: [] }, call()))).toContain(
    'invalid_request',
  );
  await catalog.bus.call(deletePlan, plan, call());
});

it('900806 abuse 48: there are five of them at most, as each call is counted by all', async () => {
  const organizationId = anOrganization();
  for (let n = 0; n < 5; n++) await create(organizationId, { name: `Plan ${n}`, countedBy: ['user'] });
  expect(await refusalOf(create(organizationId, { name: 'Sixth', countedBy: ['user'] }))).toContain('conflict');
});
