import {
  apis,
  consumerKeyChanges,
  subscriptions,
  type ApiResource,
  type ApiRoute,
  type ClientRecord,
  type Organization,
  type SubscriptionRecord,
} from '@keyward/contracts';
import { makeIssuers, type TestIssuer } from './issuer';
import { JOHNSORG, ROOT, Services, testGateway, type TestGateway, type TestSettings } from './started-gateway';
import { startUpstream, type Upstream } from './upstream';

/** A resource that takes any token. */
export const resource = (
  verb: ApiResource['verb'],
  template: string,
  more: Partial<ApiResource> = {},
): ApiResource => ({
  ...{ verb, template, authentication: 'any', scopes: [] },
  ...more,
});

/** A published API at `/pizza/1.0.0` that needs no subscription. */
export const api = (upstream: string, more: Partial<ApiRoute> = {}): ApiRoute => ({
  ...{ id: 'pizza', organizationId: JOHNSORG.id, name: 'Pizza', version: '1.0.0', context: '/pizza' },
  ...{ isDefault: true, state: 'PUBLISHED', visibility: 'public', backendToken: false, subscriptionRequired: false },
  upstreams: { production: upstream, sandbox: upstream },
  resources: [resource('GET', '/*')],
  ...more,
});

const client = ({ id }: Organization, application: string, more: Partial<ClientRecord> = {}): ClientRecord => ({
  ...{ organizationId: id, applicationId: application, kind: 'production', active: true },
  ...more,
});

const subscription = (
  apiId: string,
  applicationId: string,
  state: SubscriptionRecord['state'],
): SubscriptionRecord => ({
  id: `${apiId}-${applicationId}`,
  organizationId: JOHNSORG.id,
  apiId,
  applicationId,
  state,
});

/** A gateway with APIs, keys and subscriptions in front of an upstream. */
export interface Proxied {
  services: Services;
  gateway: TestGateway;
  upstream: Upstream;
  johnsorg: TestIssuer;
  root: TestIssuer;
  bearer: (claims?: Parameters<TestIssuer['token']>[0]) => Promise<{ authorization: string }>;
  close(): Promise<void>;
}

/** Starts it all; `routes` makes the APIs of the upstream's URL. */
export async function startProxied(
  routes: (upstream: string) => ApiRoute[],
  states: Record<string, SubscriptionRecord['state']> = {},
  settings: TestSettings = {},
  organizations?: Organization[],
): Promise<Proxied> {
  const upstream = await startUpstream();
  const services = new Services(organizations);
  const [johnsorg, root] = (await makeIssuers(services, [JOHNSORG, ROOT])) as [TestIssuer, TestIssuer];
  const all = routes(upstream.url);
  services.tell(apis, Object.fromEntries(all.map((route) => [route.id, route])));
  services.tell(consumerKeyChanges, {
    client: client(JOHNSORG, 'shop'),
    'sandbox-client': client(JOHNSORG, 'shop', { kind: 'sandbox' }),
    disabled: client(JOHNSORG, 'shop', { active: false }),
    'root-client': client(ROOT, 'operations'),
    ...Object.fromEntries(Object.keys(states).map((state) => [`client-${state}`, client(JOHNSORG, state)])),
    ...Object.fromEntries(
      Object.keys(states).map((state) => [`sandbox-${state}`, client(JOHNSORG, state, { kind: 'sandbox' })]),
    ),
  });
  const records = all.flatMap(({ id }) =>
    Object.entries(states).map(([application, state]) => subscription(id, application, state)),
  );
  services.tell(subscriptions, Object.fromEntries(records.map((record) => [record.id, record])));
  const gateway = await testGateway(services, settings);
  return {
    ...{ services, gateway, upstream, johnsorg, root },
    bearer: async (claims) => ({ authorization: `Bearer ${await johnsorg.token(claims)}` }),
    close: async () => {
      await gateway.close();
      await upstream.close();
    },
  };
}
