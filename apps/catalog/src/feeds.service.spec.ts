import { apis, scopes, subscriptions, type Feed } from '@keyward/contracts';
import { call, startInstances, type Instances } from '../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

describe('the feeds of the catalog', () => {
  it.each<Feed<object>>([apis, scopes, subscriptions])('answers who follows $name from nothing', async (feed) => {
    expect(await catalog.bus.call(feed.snapshot, { limit: 500 }, call())).toEqual({
      position: 0,
      records: [],
      more: false,
    });
    expect(await catalog.bus.call(feed.since, { position: 0 }, call())).toEqual({
      changes: [],
      more: false,
      gone: false,
    });
  });
});
