import { FeedFollower } from '@keyward/bus';
import { consumerKeyChanges, deleteApplication, deleteKey, updateKey, type ClientRecord } from '@keyward/contracts';
import { aKey, anOrganization, call, eventually, prepareInstances, type Instances } from '../../test/instances';

let instances: Instances;
const known = new Map<string, ClientRecord>();
const follower = () =>
  new FeedFollower(instances.bus, consumerKeyChanges, {
    apply: (id, record) => (record ? known.set(id, record) : known.delete(id)),
    reset: () => known.clear(),
  });

beforeAll(async () => {
  instances = await prepareInstances();
  await instances.start();
});
afterAll(() => instances.close());

describe('what gateways are told of consumer keys', () => {
  it('is every key of every organization, in pages, and every change of one', async () => {
    const [first, second] = [anOrganization(), anOrganization()];
    const shop = (await aKey(instances.bus, first)).key;
    const sandbox = (await aKey(instances.bus, second, { kind: 'sandbox' })).key;
    const following = follower();
    await following.start();
    expect(known.get(shop.consumerKey)).toEqual({
      ...{ organizationId: first, applicationId: shop.applicationId, kind: 'production', active: true },
    });
    expect(known.get(sandbox.consumerKey)).toMatchObject({ organizationId: second, kind: 'sandbox' });

    const later = (await aKey(instances.bus, first)).key;
    await eventually(async () => known.has(later.consumerKey));
    const disabled = { organizationId: first, consumerKey: shop.consumerKey, state: 'disabled' } as const;
    await instances.bus.call(updateKey, disabled, call());
    await eventually(async () => known.get(shop.consumerKey)?.active === false);
    await instances.bus.call(deleteKey, { organizationId: first, consumerKey: shop.consumerKey }, call());
    await eventually(async () => !known.has(shop.consumerKey));
    const gone = { organizationId: second, application: sandbox.applicationId };
    await instances.bus.call(deleteApplication, gone, call());
    await eventually(async () => !known.has(sandbox.consumerKey));
    following.stop();
    expect([known.has(shop.consumerKey), known.has(sandbox.consumerKey), known.has(later.consumerKey)]).toEqual([
      false,
      false,
      true,
    ]);
  });

  it('is nothing that proves a key, and no more than there is to know', async () => {
    await aKey(instances.bus, anOrganization());
    const one = await instances.bus.call(consumerKeyChanges.snapshot, { limit: 1 }, call());
    const rest = await instances.bus.call(
      consumerKeyChanges.snapshot,
      { after: one.records[0]?.id, limit: 500 },
      call(),
    );
    expect([one.records.length, one.more, rest.more]).toEqual([1, true, false]);
    const { changes } = await instances.bus.call(consumerKeyChanges.since, { position: 0 }, call());
    for (const { record } of [...one.records, ...rest.records, ...changes])
      expect(Object.keys(record ?? known).sort()).toEqual(
        record ? ['active', 'applicationId', 'kind', 'organizationId'] : [],
      );
  });
});
