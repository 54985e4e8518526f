import { randomUUID } from 'node:crypto';
import {
  applicationPlans,
  createPlan,
  deletePlan,
  findApplicationPlan,
  forgetApplication,
  plans,
  updateApplicationPlan,
} from '@keyward/contracts';
import { anOrganization } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

it('900803 an application has a plan until it is taken away, or the application is gone', async () => {
  const [organizationId, applicationId] = [anOrganization(), randomUUID()];
  const give = (plan: string | null) =>
    catalog.bus.call(updateApplicationPlan, { organizationId, applicationId, plan }, call());
  expect((await refusalOf(give('Ten')))?.[0]).toBe('invalid_request');
  const plan = { organizationId, level: 'application' as const, name: 'Ten', requests: 10 };
  await catalog.bus.call(createPlan, plan, call());
  expect(await give('Ten')).toEqual({ applicationId, plan: 'Ten' });
  const snapshot = await catalog.bus.call(applicationPlans.snapshot, { limit: 500 }, call());
  expect(snapshot.records).toContainEqual({
    id: applicationId,
    record: { organizationId, applicationId, plan: 'Ten' },
  });
  const remove = () => catalog.bus.call(deletePlan, { organizationId, level: 'application', plan: 'Ten' }, call());
  expect((await refusalOf(remove()))?.[0]).toBe('conflict');
  await catalog.bus.call(forgetApplication, { organizationId, applicationId }, call());
  const found = await catalog.bus.call(findApplicationPlan, { organizationId, applicationId }, call());
  expect(found).toEqual({ applicationId, plan: null });
  await remove();
});

it('plans are told of in the feed, in every form', async () => {
  const organizationId = anOrganization();
  const { position } = await catalog.bus.call(plans.position, {}, call());
  const named = { organizationId, level: 'api' as const, name: 'Large' };
  await catalog.bus.call(createPlan, { ...named, kilobytes: 1e12, every: 2, unit: 'day', burst: 5 }, call());
  const record = { ...named, requests: null, kilobytes: 1e12, every: 2, unit: 'day', burst: 5 };
  const { changes } = await catalog.bus.call(plans.since, { position }, call());
  expect(changes.map((change) => change.record)).toEqual([record]);
  const { records } = await catalog.bus.call(plans.snapshot, { limit: 500 }, call());
  expect(records).toContainEqual({ id: changes[0]?.id, record });
  await catalog.bus.call(deletePlan, { organizationId, level: 'api', plan: 'Large' }, call());
  expect((await catalog.bus.call(plans.since, { position }, call())).changes.at(-1)?.record).toBeNull();
});
