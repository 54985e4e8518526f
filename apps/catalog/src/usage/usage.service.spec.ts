import { randomUUID } from 'node:crypto';
import { queryUsage, recordUsage, USAGE_SLOT_MS, type QueryUsage, type UsageCount } from '@keyward/contracts';
import { anApi, anOrganization } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

const SLOT = Date.now() - (Date.now() % USAGE_SLOT_MS);
/** So many calls that took as many milliseconds each. */
function counted(requests: number, ms: number, more: Partial<UsageCount> = {}): UsageCount {
  const latencies = Array<number>(12).fill(0);
  latencies[ms <= 5 ? 0 : ms <= 100 ? 4 : 11] = requests;
  return {
    ...{ slot: SLOT, apiId: randomUUID(), resource: 'GET /menu', status: 200, requests, bytes: requests * 10 },
    ...{ totalMs: requests * ms, maxMs: ms, latencies, ...more },
  };
}
const record = (organizationId: string, counts: UsageCount[], gateway = randomUUID()) =>
  catalog.bus.call(recordUsage, { organizationId, gateway, counts }, call());
const report = async (organizationId: string, more: Partial<QueryUsage> = {}) =>
  (
    await catalog.bus.call(
      queryUsage,
      { organizationId, to: new Date(SLOT + USAGE_SLOT_MS).toISOString(), ...more },
      call(),
    )
  ).sums;

it('adds up what gateways have counted, and what one says again only once', async () => {
  const organizationId = anOrganization();
  const { id: apiId, name } = await anApi(catalog.bus, organizationId);
  const gateway = randomUUID();
  await record(organizationId, [counted(10, 5, { apiId })], gateway);
  for (let n = 0; n < 2; n++) await record(organizationId, [counted(18, 5, { apiId })], gateway);
  // Late, and overtaken.
  await record(organizationId, [counted(3, 5, { apiId })], gateway);
  await record(organizationId, [counted(2, 70, { apiId, status: 503 })]);
  expect(await report(organizationId)).toEqual([
    {
      ...{ of: `${name}:1.0`, requests: 20, refused: 0, failed: 2, bytes: 200 },
      ...{ averageMs: 11.5, p95Ms: 70, maxMs: 70 },
    },
  ]);
});

it('tells apart what is asked for', async () => {
  const organizationId = anOrganization();
  const { id: apiId, name } = await anApi(catalog.bus, organizationId);
  const applicationId = randomUUID();
  await record(organizationId, [
    counted(5, 5, { apiId, applicationId }),
    counted(3, 5, { apiId, status: 401 }),
    counted(1, 20_000, { apiId, resource: 'PUT /menu', applicationId }),
    counted(1, 5, { slot: SLOT - 3_600_000 }),
  ]);
  const by = async (group: QueryUsage['by'], more: Partial<QueryUsage> = {}) =>
    (await report(organizationId, { by: group, ...more })).map(({ of, requests }) => [of, requests]);
  expect(await by('application')).toEqual([
    [applicationId, 6],
    ['', 4],
  ]);
  expect(await by('resource', { api: name })).toEqual([
    ['GET /menu', 8],
    ['PUT /menu', 1],
  ]);
  expect(await by('status', { applicationId })).toEqual([['200', 6]]);
  expect((await by('hour')).map(([, requests]) => requests)).toEqual([1, 9]);
  expect((await report(organizationId, { by: 'resource' })).at(-1)).toMatchObject({ p95Ms: 20_000, maxMs: 20_000 });
  const times = { from: new Date(SLOT - 7_200_000).toISOString(), to: new Date(SLOT).toISOString() };
  expect((await by('api', times)).map(([, requests]) => requests)).toEqual([1]);
});

it('refuses a time that ends before it begins, and an API that is not there', async () => {
  const now = new Date(SLOT).toISOString();
  expect((await refusalOf(report(anOrganization(), { from: now, to: now })))?.[0]).toBe('invalid_request');
  expect((await refusalOf(report(anOrganization(), { api: 'none' })))?.[0]).toBe('not_found');
});

it('by hour tells of every hour, or says that it is too many', async () => {
  const organizationId = anOrganization();
  await record(
    organizationId,
    [1, 2, 3].map((hours) => counted(hours, 5, { slot: SLOT - hours * 3_600_000 })),
  );
  const to = SLOT + USAGE_SLOT_MS;
  const hours = (number: number) => ({ by: 'hour' as const, from: new Date(to - number * 3_600_000).toISOString() });
  expect((await report(organizationId, hours(1000))).map(({ requests }) => requests)).toEqual([3, 2, 1]);
  expect(await refusalOf(report(organizationId, hours(1001)))).toEqual([
    'invalid_request',
    expect.stringContaining('1000 hours'),
  ]);
  expect((await report(organizationId, { ...hours(2208), by: 'day' })).length).toBeGreaterThan(0);
});

it.each(['2026-W47', '2026-325', '2026-W47-1', '2026-11-21T10', '20261121'])(
  'a time is not %s, whose weeks and days of the year nobody means',
  async (time) => {
    for (const asked of [{ from: time }, { to: time }])
      expect(await refusalOf(report(anOrganization(), asked))).toEqual([
        'invalid_request',
        expect.stringContaining('time'),
      ]);
  },
);

it('takes nothing of a clock that is far away, and no more of the rest', async () => {
  const organizationId = anOrganization();
  await record(organizationId, [counted(1, 5, { slot: 0 }), counted(1, 5, { slot: SLOT + 9e9 }), counted(2, 5)]);
  const found = await report(organizationId, { from: '1970-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' });
  expect(found.map(({ requests }) => requests)).toEqual([2]);
});

it('abuse 48: takes whatever status an upstream has made up', async () => {
  const organizationId = anOrganization();
  await record(
    organizationId,
    [100, 599, 600, 700, 999].map((status) => counted(1, 5, { status })),
  );
  const found = await report(organizationId, { by: 'status' });
  expect(found.map(({ of, failed }) => [of, failed])).toEqual([
    ['100', 0],
    ...['599', '600', '700', '999'].map((status) => [status, 1]),
  ]);
});

it('abuse 1: says nothing of another organization', async () => {
  await record(anOrganization(), [counted(1, 5)]);
  expect(await report(anOrganization())).toEqual([]);
});
