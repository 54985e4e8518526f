import { randomUUID } from 'node:crypto';
import { createPlan, leaseQuota, updatePlan, type CreatePlan, type QuotaLease } from '@keyward/contracts';
import { anOrganization } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => {
  catalog = await startInstances();
  await catalog.start();
});
afterAll(() => catalog.close());

/** An organization with a plan. */
async function planned(quota: Partial<CreatePlan>): Promise<string> {
  const organizationId = anOrganization();
  const plan: CreatePlan = { organizationId, level: 'subscription', name: 'Gold', unit: 'month', ...quota };
  await catalog.bus.call(createPlan, plan, call());
  return organizationId;
}
const lease = (organizationId: string, more: object = {}): Promise<QuotaLease> =>
  catalog.bus.call(
    leaseQuota,
    { organizationId, level: 'subscription', plan: 'Gold', counted: 'someone', overdrawn: 0, ...more },
    call(),
  );

it('900804 two instances together never lease more than the quota, however many ask at once', async () => {
  const organizationId = await planned({ requests: 1234 });
  const leases = await Promise.all(Array.from({ length: 150 }, () => lease(organizationId)));
  expect(leases.reduce((sum, { granted }) => sum + granted, 0)).toBe(1234);
  expect(Math.max(...leases.map(({ granted }) => granted))).toBe(12);
  expect(leases.every(({ quota }) => quota === 1234)).toBe(true);
  expect(await lease(organizationId)).toMatchObject({ granted: 0, left: 0 });
  expect((await lease(organizationId, { counted: 'another' })).granted).toBe(12);
});

it.each([
  [1_000_000, 5000],
  [400_000, 4000],
  [100, 1],
  [1, 1],
])('900804 of %i leases %i at once: a hundredth, 5000 at most', async (requests, part) => {
  expect(await lease(await planned({ requests }))).toMatchObject({ granted: part, left: requests - part });
});

it('counts each organization by itself', async () => {
  const [one, other] = [await planned({ requests: 1 }), await planned({ requests: 1 })];
  for (const organizationId of [one, other]) expect((await lease(organizationId)).granted).toBe(1);
  for (const organizationId of [one, other]) expect((await lease(organizationId)).granted).toBe(0);
});

it('begins with the unit of time, in UTC', async () => {
  const now = new Date();
  const month = Date.UTC(now.getUTCFullYear(), now.getUTCMonth());
  const { since, endsIn } = await lease(await planned({ requests: 1 }));
  const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1);
  expect([month, next]).toContain(since);
  expect(Math.abs(Date.now() + endsIn - next)).toBeLessThan(60_000);
  for (const [every, unit, ms] of [
    [15, 'minute', 900_000],
    [6, 'hour', 21_600_000],
    [1, 'day', 86_400_000],
  ] as const) {
    const answer = await lease(await planned({ requests: 1, every, unit }));
    expect(answer.since % ms).toBe(0);
    expect(answer.endsIn).toBeLessThanOrEqual(ms);
  }
});

it('begins anew when its time is over', async () => {
  const organizationId = await planned({ requests: 1, unit: 'second' });
  const first = await lease(organizationId);
  expect(first.granted).toBe(1);
  let next = first;
  while (next.since === first.since) next = await lease(organizationId);
  expect(next.granted).toBe(1);
});

it('leases requests a second apart from the quota', async () => {
  const organizationId = await planned({ requests: 10, burst: 3 });
  const burst = await lease(organizationId, { counted: 'burst', burst: true });
  expect(burst).toMatchObject({ granted: 1, quota: 3, left: 2 });
  expect(burst.endsIn).toBeLessThanOrEqual(1000);
  const without = await planned({ requests: 10 });
  expect(await refusalOf(lease(without, { burst: true }))).toEqual(['not_found', 'no such plan']);
});

it('counts what was overdrawn, in bytes', async () => {
  const organizationId = await planned({ kilobytes: 1024 });
  expect(await lease(organizationId)).toMatchObject({ granted: 65_536, quota: 1_048_576, left: 983_040 });
  expect(await lease(organizationId, { overdrawn: 983_000 })).toMatchObject({ granted: 40, left: 0 });
  expect(await lease(organizationId, { overdrawn: 5_000_000 })).toMatchObject({ granted: 0, left: 0 });
});

it('follows a plan that changes', async () => {
  const organizationId = await planned({ requests: 1 });
  expect((await lease(organizationId)).granted).toBe(1);
  const named = { organizationId, level: 'subscription', plan: 'Gold' };
  await catalog.bus.call(updatePlan, { ...named, requests: 3 }, call());
  expect(await lease(organizationId)).toMatchObject({ granted: 1, left: 1 });
});

it('has no quota without a plan, nor of another organization’s', async () => {
  await planned({ requests: 1 });
  expect(await refusalOf(lease(randomUUID()))).toEqual(['not_found', 'no such plan']);
});
