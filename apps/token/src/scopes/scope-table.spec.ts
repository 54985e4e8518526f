import type { ApiRoute, ApiState, SubscriptionState } from '@keyward/contracts';
import { ScopeTable, type ScopedClient, type ScopedUser } from './scope-table';

const johns = '019a0000-0000-7000-8000-00000000000a';
const marys = '019a0000-0000-7000-8000-00000000000b';
const shop: ScopedClient = { organizationId: johns, applicationId: 'shop', kind: 'production' };
const user = (organizationId: string, ...roles: string[]): ScopedUser => ({
  organization: { id: organizationId } as ScopedUser['organization'],
  roles,
});

const api = (scopes: string[], more: Partial<ApiRoute> = {}): ApiRoute => ({
  ...{ id: 'orders', organizationId: johns, name: 'orders', version: '1', context: '/orders', isDefault: false },
  ...{ state: 'PUBLISHED', visibility: 'organization', upstreams: {}, backendToken: false, subscriptionRequired: true },
  resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes }],
  ...more,
});
const subscription = (state: SubscriptionState = 'UNBLOCKED', organizationId = johns) => ({
  ...{ id: 's', organizationId, applicationId: 'shop', apiId: 'orders', state },
});

let table: ScopeTable;
beforeEach(() => {
  table = new ScopeTable();
  table.applyApi('orders', api(['read', 'update']));
  table.applySubscription('s', subscription());
  table.applyScope('1', { organizationId: johns, name: 'read', roles: [] });
  table.applyScope('2', { organizationId: johns, name: 'update', roles: ['Editor', 'boss'] });
});

describe('TE-08 a scope of an API', () => {
  it.each<[string, string, ScopedClient, ScopedUser | undefined, boolean]>([
    ['without roles, for any user', 'read', shop, user(johns), true],
    ['without roles, for the application itself', 'read', shop, undefined, true],
    ['with roles, for a user who has one', 'update', shop, user(johns, 'x', 'boss'), true],
    ['with roles, in another case', 'update', shop, user(johns, 'eDITOR'), true],
    ['with roles, for a user who has none', 'update', shop, user(johns, 'x'), false],
    ['with roles, for the application itself', 'update', shop, undefined, false],
    ['with roles, for a user of another organization who has one there', 'update', shop, user(marys, 'boss'), false],
    ['of an application that does not subscribe', 'read', { ...shop, applicationId: 'other' }, user(johns), false],
    ['of another organization', 'read', { ...shop, organizationId: marys }, user(marys), false],
    ['that no API defines', 'delete', shop, user(johns), false],
    ['in another spelling', 'Read', shop, user(johns), false],
  ])('TE-08 %s', (_, scope, client, who, allowed) => {
    expect(table.allows(scope, client, who)).toBe(allowed);
  });

  it.each<[SubscriptionState, boolean, boolean]>([
    ['UNBLOCKED', true, true],
    ['PROD_ONLY_BLOCKED', false, true],
    ['BLOCKED', false, false],
    ['ON_HOLD', false, false],
    ['REJECTED', false, false],
  ])('TE-08 by a subscription that is %s', (state, production, sandbox) => {
    table.applySubscription('s', subscription(state));
    const allows = (kind: ScopedClient['kind']) => table.allows('read', { ...shop, kind }, undefined);
    expect([allows('production'), allows('sandbox')]).toEqual([production, sandbox]);
  });

  it.each<[ApiState, boolean]>([
    ['CREATED', false],
    ['PUBLISHED', true],
    ['DEPRECATED', true],
    ['BLOCKED', true],
    ['RETIRED', false],
  ])('TE-08 while the API is %s', (state, allowed) => {
    table.applyApi('orders', api(['read'], { state }));
    expect(table.allows('read', shop, undefined)).toBe(allowed);
  });

  it('TE-08 of an API that needs no subscription, for every application of its organization', () => {
    const other = { ...shop, applicationId: 'other' };
    table.applyApi('open', api(['read'], { id: 'open', subscriptionRequired: false }));
    table.applyApi('open too', api(['read'], { id: 'open too', subscriptionRequired: false }));
    expect(table.allows('read', other, undefined)).toBe(true);
    table.applyApi('open', null);
    expect(table.allows('read', other, undefined)).toBe(true);
    table.applyApi('open too', api(['read'], { id: 'open too' }));
    expect(table.allows('read', other, undefined)).toBe(false);
  });

  it('TE-08 abuse 1: not by a record that names an application or an API of another organization', () => {
    table.applyApi('orders', api(['read'], { organizationId: marys }));
    table.applySubscription('s', subscription('UNBLOCKED', marys));
    expect(table.allows('read', shop, undefined)).toBe(false);
  });

  it('TE-08 no longer when its API, subscription or the scope itself is gone, and again when it is back', () => {
    for (const [gone, back] of [
      [() => table.applyApi('orders', null), () => table.applyApi('orders', api(['read']))],
      [() => table.applySubscription('s', null), () => table.applySubscription('s', subscription())],
      [
        () => table.applyScope('1', null),
        () => table.applyScope('3', { organizationId: johns, name: 'read', roles: [] }),
      ],
      [() => table.clearApis(), () => table.applyApi('orders', api(['read']))],
      [() => table.clearSubscriptions(), () => table.applySubscription('s', subscription())],
      [() => table.clearScopes(), () => table.applyScope('3', { organizationId: johns, name: 'read', roles: [] })],
    ] as const) {
      gone();
      expect(table.allows('read', shop, undefined)).toBe(false);
      back();
      expect(table.allows('read', shop, undefined)).toBe(true);
    }
  });
});
