import { randomUUID } from 'node:crypto';
import {
  changeApiState,
  copyApi,
  deleteApi,
  findApi,
  findSubscription,
  importApi,
  listApis,
  listSubscriptions,
  subscribe,
  unsubscribe,
  updateApi,
  updateSubscription,
  type Api,
  type Subscription,
} from '@keyward/contracts';
import { anApi, anOrganization, apiRequest, aPublishedApi, aSubscription } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
let organizationId: string;
let secret: Api;
let subscription: Subscription;
beforeAll(async () => (catalog = await startInstances()));
beforeEach(async () => {
  organizationId = anOrganization();
  secret = await aPublishedApi(catalog.bus, organizationId, {
    ...{ name: 'secret', visibility: 'roles', visibleTo: ['Boss', 'chef'] },
  });
  subscription = await aSubscription(catalog.bus, organizationId, secret.id);
});
afterAll(() => catalog.close());

const subscribing = (seenWith?: string[]) =>
  catalog.bus.call(subscribe, { organizationId, applicationId: randomUUID(), api: 'secret', seenWith }, call());
const listed = async (seenWith?: string[]) => {
  const asked = { organizationId, limit: 50, seenWith };
  const { items } = await catalog.bus.call(listApis, asked, call());
  const { items: all } = await catalog.bus.call(listSubscriptions, asked, call());
  return [items.map(({ name }) => name), all.map(({ api }) => api)];
};

describe('an API that is visible to some roles', () => {
  it.each([[[]], [['waiter', 'bos', 'Bosss']]])('is nowhere to who has the roles %j', async (seenWith) => {
    const { name } = await anApi(catalog.bus, organizationId);
    expect(await listed(seenWith)).toEqual([[name], []]);
    for (const api of [secret.id, 'secret', 'secret:1.0']) {
      const named = { organizationId, api, seenWith };
      for (const asked of [
        () => catalog.bus.call(findApi, named, call()),
        () => catalog.bus.call(updateApi, { ...named, visibility: 'public' }, call()),
        () => catalog.bus.call(changeApiState, { ...named, state: 'BLOCKED' }, call()),
        () => catalog.bus.call(copyApi, { ...named, version: '2' }, call()),
        () => catalog.bus.call(deleteApi, named, call()),
        () => catalog.bus.call(subscribe, { ...named, applicationId: randomUUID() }, call()),
        () => catalog.bus.call(listSubscriptions, { ...named, limit: 50 }, call()),
      ])
        expect(await refusalOf(asked())).toEqual(['not_found', 'no such API']);
    }
    const named = { organizationId, subscription: subscription.id, seenWith };
    for (const asked of [
      () => catalog.bus.call(findSubscription, named, call()),
      () => catalog.bus.call(updateSubscription, { ...named, state: 'BLOCKED' }, call()),
      () => catalog.bus.call(unsubscribe, named, call()),
    ])
      expect(await refusalOf(asked())).toEqual(['not_found', 'no such subscription']);
    const definition = JSON.stringify({ openapi: '3.0.3', info: { title: 'secret', version: '1.0' }, paths: {} });
    const replacing = { organizationId, definition, replace: true, seenWith };
    expect((await refusalOf(catalog.bus.call(importApi, replacing, call())))?.[0]).toBe('conflict');
    expect(await catalog.bus.call(findApi, { organizationId, api: 'secret' }, call())).toEqual(secret);
  });

  it.each([[['waiter', 'BOSS']], [['chef']], [undefined]])('is there to who has %j', async (seenWith) => {
    expect(await listed(seenWith)).toEqual([['secret'], ['secret']]);
    expect((await subscribing(seenWith)).apiId).toBe(secret.id);
    const named = { organizationId, api: 'secret', seenWith };
    expect((await catalog.bus.call(updateApi, { ...named, description: 'Changed' }, call())).description).toBe(
      'Changed',
    );
    const found = { organizationId, subscription: subscription.id, seenWith };
    expect((await catalog.bus.call(findSubscription, found, call())).id).toBe(subscription.id);
  });

  it('stays visible to who makes it so', async () => {
    const visible = { visibility: 'roles' as const, visibleTo: ['chef'] };
    const seenWith = ['waiter'];
    const { name } = await anApi(catalog.bus, organizationId);
    for (const asked of [
      catalog.bus.call(updateApi, { organizationId, api: name, ...visible, seenWith }, call()),
      anApi(catalog.bus, organizationId, { ...apiRequest(organizationId), ...visible, seenWith }),
    ])
      expect(await refusalOf(asked)).toEqual(['invalid_request', expect.stringContaining('visibleTo')]);
  });
});

it.each(['public', 'organization'] as const)('an API that is visible to the %s is there to all', async (visibility) => {
  const { name } = await aPublishedApi(catalog.bus, organizationId, { visibility });
  expect((await listed([]))[0]).toEqual([name]);
});
