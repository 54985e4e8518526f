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
const TAKEN = ['conflict', 'the name secret is taken'];
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
    expect(await refusalOf(catalog.bus.call(importApi, replacing, call()))).toEqual(TAKEN);
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

  it.each(['/x', '/secret'])('abuse 40: gets no version in %s of who does not see it', async (context) => {
    const seenWith = ['waiter'];
    const version = { name: 'secret', version: '9.0', context, isDefault: true, seenWith };
    expect(await refusalOf(anApi(catalog.bus, organizationId, version))).toEqual(TAKEN);
    const definition = JSON.stringify({ openapi: '3.0.3', info: { title: 'secret', version: '9.0' }, paths: {} });
    const imported = { organizationId, definition, context, seenWith };
    expect(await refusalOf(catalog.bus.call(importApi, imported, call()))).toEqual(TAKEN);
    expect(
      (await anApi(catalog.bus, organizationId, { ...version, context: '/secret', seenWith: ['boss'] })).isDefault,
    ).toBe(true);
  });

  it('abuse 40: does not lose its place, nor being the default, to who does not see it', async () => {
    const seenWith = ['waiter'];
    const { id } = await anApi(catalog.bus, organizationId, { name: 'secret', version: '2.0', context: '/secret' });
    await catalog.bus.call(updateApi, { organizationId, api: secret.id, isDefault: true }, call());
    const other = { organizationId, api: id, seenWith };
    for (const asked of [
      () => catalog.bus.call(updateApi, { ...other, isDefault: true }, call()),
      () => catalog.bus.call(copyApi, { ...other, version: '3.0' }, call()),
    ])
      expect(await refusalOf(asked())).toEqual(TAKEN);
    const place = { name: 'mine', context: '/secret', version: '9.0', seenWith };
    expect(await refusalOf(anApi(catalog.bus, organizationId, place))).toEqual(['conflict', '/secret/9.0 is taken']);
    expect((await catalog.bus.call(findApi, { organizationId, api: secret.id }, call())).isDefault).toBe(true);
  });

  it('leaves no gap in the pages of subscriptions that who does not see it goes through', async () => {
    const seenWith = ['waiter'];
    const visible = await Promise.all([1, 2].map(() => aPublishedApi(catalog.bus, organizationId)));
    for (const { id } of [...visible, secret, ...visible]) await aSubscription(catalog.bus, organizationId, id);
    const pages: string[][] = [];
    let after: string | undefined;
    do {
      const asked = { organizationId, limit: 2, after, seenWith };
      const { items, next } = await catalog.bus.call(listSubscriptions, asked, call());
      pages.push(items.map(({ apiId }) => apiId));
      after = next;
    } while (after !== undefined);
    expect(pages.map((page) => page.length)).toEqual([2, 2]);
    expect(pages.flat().sort()).toEqual(visible.flatMap(({ id }) => [id, id]).sort());
  });

  it('stays visible to who makes it so', async () => {
    const visible = { visibility: 'roles' as const, visibleTo: ['chef'] };
    const seenWith = ['waiter'];
    const { name } = await anApi(catalog.bus, organizationId);
    for (const asked of [
      () => catalog.bus.call(updateApi, { organizationId, api: name, ...visible, seenWith }, call()),
      () => anApi(catalog.bus, organizationId, { ...apiRequest(organizationId), ...visible, seenWith }),
    ])
      expect(await refusalOf(asked())).toEqual(['invalid_request', expect.stringContaining('visibleTo')]);
  });
});

it.each(['public', 'organization'] as const)('an API that is visible to the %s is there to all', async (visibility) => {
  const { name } = await aPublishedApi(catalog.bus, organizationId, { visibility });
  expect((await listed([]))[0]).toEqual([name]);
});
