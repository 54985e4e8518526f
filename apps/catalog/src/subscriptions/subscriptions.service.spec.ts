import { randomUUID } from 'node:crypto';
import {
  createPlan,
  createScope,
  deletePlan,
  deleteScope,
  findSubscription,
  forgetApplication,
  listPlans,
  listScopes,
  listSubscriptions,
  scopes,
  subscribe,
  subscriptions,
  unsubscribe,
  updatePlan,
  updateScope,
  updateSubscription,
  type SubscriptionState,
} from '@keyward/contracts';
import { anApi, anOrganization, aPublishedApi, aResource, aScope, aSubscription } from '../../test/catalog-of';
import { call, refusalOf, startInstances, type Instances } from '../../test/instances';

let catalog: Instances;
beforeAll(async () => (catalog = await startInstances()));
afterAll(() => catalog.close());

describe('a subscription', () => {
  const update = (organizationId: string, subscription: string, state: SubscriptionState) =>
    catalog.bus.call(updateSubscription, { organizationId, subscription, state }, call());

  it('is of an application to a published API, once, and told of in the feed', async () => {
    const organizationId = anOrganization();
    const applicationId = randomUUID();
    const { id: api } = await anApi(catalog.bus, organizationId);
    const ask = (named: string) => catalog.bus.call(subscribe, { organizationId, applicationId, api: named }, call());
    expect((await refusalOf(ask(api)))?.[0]).toBe('invalid_request');
    const published = await aPublishedApi(catalog.bus, organizationId);
    const before = await catalog.bus.call(subscriptions.position, {}, call());
    const made = await ask(published.name);
    const record = { id: made.id, organizationId, applicationId, apiId: published.id, state: 'UNBLOCKED' };
    const { name, version, context } = published;
    expect(made).toEqual({ ...record, api: name, version, context, createdAt: expect.any(String) });
    expect((await refusalOf(ask(published.id)))?.[0]).toBe('conflict');
    expect((await catalog.bus.call(subscriptions.since, before, call())).changes).toEqual([
      { position: before.position + 1, id: made.id, record },
    ]);
    await catalog.bus.call(unsubscribe, { organizationId, subscription: made.id }, call());
    expect((await catalog.bus.call(subscriptions.since, before, call())).changes.at(-1)).toMatchObject({
      id: made.id,
      record: null,
    });
  });

  it('waits for approval where the API says so, and goes on by what follows alone', async () => {
    const organizationId = anOrganization();
    const { id } = await aPublishedApi(catalog.bus, organizationId, { approvalRequired: true });
    const { id: subscription, state } = await aSubscription(catalog.bus, organizationId, id);
    expect(state).toBe('ON_HOLD');
    const steps: [SubscriptionState, boolean][] = [
      ['BLOCKED', false],
      ['REJECTED', true],
      ['BLOCKED', false],
      ['UNBLOCKED', true],
      ['REJECTED', false],
      ['PROD_ONLY_BLOCKED', true],
      ['BLOCKED', true],
      ['ON_HOLD', false],
      ['UNBLOCKED', true],
    ];
    for (const [to, allowed] of steps) {
      if (allowed) expect((await update(organizationId, subscription, to)).state).toBe(to);
      else expect((await refusalOf(update(organizationId, subscription, to)))?.[0]).toBe('invalid_request');
    }
  });

  it('goes with its application, and is listed by application and by API', async () => {
    const organizationId = anOrganization();
    const [one, other] = [
      await aPublishedApi(catalog.bus, organizationId),
      await aPublishedApi(catalog.bus, organizationId),
    ];
    const applicationId = randomUUID();
    for (const api of [one.id, other.id])
      await catalog.bus.call(subscribe, { organizationId, applicationId, api }, call());
    await aSubscription(catalog.bus, organizationId, one.id);
    const count = async (of: object) =>
      (await catalog.bus.call(listSubscriptions, { organizationId, limit: 50, ...of }, call())).items.length;
    expect([await count({}), await count({ applicationId }), await count({ api: one.name })]).toEqual([3, 2, 2]);
    await catalog.bus.call(forgetApplication, { organizationId, applicationId }, call());
    expect([await count({}), await count({ applicationId }), await count({ api: one.name })]).toEqual([1, 0, 1]);
  });

  it('abuse 1: is nothing to another organization', async () => {
    const [own, another] = [anOrganization(), anOrganization()];
    const { id } = await aPublishedApi(catalog.bus, own);
    const { id: subscription } = await aSubscription(catalog.bus, own, id);
    for (const asked of [
      () => catalog.bus.call(findSubscription, { organizationId: another, subscription }, call()),
      () => update(another, subscription, 'BLOCKED'),
      () => catalog.bus.call(unsubscribe, { organizationId: another, subscription }, call()),
    ])
      expect(await refusalOf(asked())).toEqual(['not_found', 'no such subscription']);
  });
});

describe('a scope', () => {
  it.each(['default', 'openid', 'OpenID', 'keyward:manage', 'Keyward:anything', 'am_application_scope'])(
    'RO-07 is not %s, which is the platform’s own',
    async (name) => {
      expect((await refusalOf(aScope(catalog.bus, anOrganization(), name)))?.[0]).toBe('invalid_request');
    },
  );

  it.each(['', 'a b', 'a"b', 'a\\b', 'caf\u00e9', 'x'.repeat(101)])('TE-08 is not %j', async (name) => {
    expect((await refusalOf(aScope(catalog.bus, anOrganization(), name)))?.[0]).toBe('invalid_request');
  });

  it('has roles that can be changed, and stays while a resource needs it', async () => {
    const organizationId = anOrganization();
    await aScope(catalog.bus, organizationId, 'read', ['chef']);
    expect((await refusalOf(catalog.bus.call(createScope, { organizationId, name: 'read' }, call())))?.[0]).toBe(
      'conflict',
    );
    const { records } = await catalog.bus.call(scopes.snapshot, { limit: 500 }, call());
    expect(records.map(({ record }) => record)).toContainEqual({ organizationId, name: 'read', roles: ['chef'] });
    const changed = await catalog.bus.call(updateScope, { organizationId, scope: 'read', roles: [] }, call());
    expect(changed.roles).toEqual([]);
    await anApi(catalog.bus, organizationId, { resources: [aResource({ scopes: ['read'] })] });
    const remove = (scope: string) => catalog.bus.call(deleteScope, { organizationId, scope }, call());
    expect((await refusalOf(remove('read')))?.[0]).toBe('conflict');
    await aScope(catalog.bus, organizationId, 'unused');
    await remove('unused');
    const { items } = await catalog.bus.call(listScopes, { organizationId, limit: 50 }, call());
    expect(items.map(({ name }) => name)).toEqual(['read']);
  });
});

describe('a plan', () => {
  it('counts requests or kilobytes, and stays while it is used', async () => {
    const organizationId = anOrganization();
    const create = (more: object) =>
      catalog.bus.call(createPlan, { organizationId, level: 'subscription', name: 'Gold', ...more }, call());
    for (const wrong of [{}, { requests: 1, kilobytes: 1 }])
      expect((await refusalOf(create(wrong)))?.[0]).toBe('invalid_request');
    expect(await create({ requests: 5000, burst: 100 })).toEqual({
      ...{ organizationId, level: 'subscription', name: 'Gold', description: '', requests: 5000, kilobytes: null },
      ...{ every: 1, unit: 'minute', burst: 100, createdAt: expect.any(String) },
    });
    expect((await refusalOf(create({ requests: 1 })))?.[0]).toBe('conflict');
    await create({ level: 'api', requests: 10 });
    const named = { organizationId, level: 'subscription', plan: 'Gold' };
    const changed = await catalog.bus.call(updatePlan, { ...named, kilobytes: 10, unit: 'day', burst: null }, call());
    expect(changed).toMatchObject({ requests: null, kilobytes: 10, unit: 'day', burst: null });

    const { id: api } = await aPublishedApi(catalog.bus, organizationId, { plan: 'Gold' });
    const ask = (plan: string) =>
      catalog.bus.call(subscribe, { organizationId, applicationId: randomUUID(), api, plan }, call());
    expect((await refusalOf(ask('Silver')))?.[0]).toBe('invalid_request');
    expect((await ask('Gold')).plan).toBe('Gold');
    for (const level of ['subscription', 'api'])
      expect((await refusalOf(catalog.bus.call(deletePlan, { ...named, level }, call())))?.[0]).toBe('conflict');
    const { items } = await catalog.bus.call(listPlans, { organizationId, limit: 50 }, call());
    expect(items.map(({ level, name }) => [level, name])).toEqual([
      ['api', 'Gold'],
      ['subscription', 'Gold'],
    ]);
  });
});
