import { randomUUID } from 'node:crypto';
import type { Bus } from '@keyward/bus';
import {
  changeApiState,
  createApi,
  createScope,
  subscribe,
  type Api,
  type ApiResource,
  type CreateApi,
  type Subscription,
} from '@keyward/contracts';
import { call } from './instances';

let made = 0;

/** An organization's id: the catalog keeps no organizations. */
export const anOrganization = (): string => randomUUID();

/** A name of a test's own. */
export const aName = (prefix = 'api'): string => `${prefix}-${++made}`;

/** A resource that any token may ask. */
export const aResource = (more: Partial<ApiResource> = {}): ApiResource => ({
  ...{ verb: 'GET', template: '/orders/{id}', authentication: 'any', scopes: [], ...more },
});

/** What an API needs to be published. */
export function apiRequest(organizationId: string, more: Partial<CreateApi> = {}): CreateApi {
  const name = more.name ?? aName();
  const upstreams = { production: 'https://orders.example/v1' };
  return { organizationId, name, version: '1.0', context: `/${name}`, upstreams, resources: [aResource()], ...more };
}

/** An API that is not published. */
export const anApi = (bus: Bus, organizationId: string, more: Partial<CreateApi> = {}): Promise<Api> =>
  bus.call(createApi, apiRequest(organizationId, more), call());

/** A published one. */
export async function aPublishedApi(bus: Bus, organizationId: string, more: Partial<CreateApi> = {}): Promise<Api> {
  const { id } = await anApi(bus, organizationId, more);
  return bus.call(changeApiState, { organizationId, api: id, state: 'PUBLISHED' }, call());
}

/** A scope that any user may have. */
export const aScope = (bus: Bus, organizationId: string, name: string, roles?: string[]) =>
  bus.call(createScope, { organizationId, name, roles }, call());

/** A subscription of an application that is not named. */
export const aSubscription = (bus: Bus, organizationId: string, api: string): Promise<Subscription> =>
  bus.call(subscribe, { organizationId, applicationId: randomUUID(), api }, call());
