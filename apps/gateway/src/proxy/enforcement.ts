import type { ClientRecord, Organization, SubscriptionRecord } from '@keyward/contracts';
import { Fault } from './fault';
import type { Knowledge } from './knowledge';
import type { Resource } from './matcher';
import type { Api } from './route-table';
import type { Grant } from './tokens/grant';
import type { Upstream } from './upstream';

/** Who calls, and where the call goes. */
export interface Passed {
  grant: Grant;
  client: ClientRecord;
  /** The subject's organization. */
  home: Organization;
  /** The user, or the application itself. */
  subject: string;
  /** Where the API needs one. */
  subscription?: SubscriptionRecord;
  upstream: Upstream;
}

/** Throws the fault of a grant that may not use a resource of an API; whatever is unknown may not. */
export function enforce(
  api: Api,
  resource: Resource,
  grant: Grant,
  home: Organization,
  client: ClientRecord | undefined,
  known: Pick<Knowledge, 'subscription'>,
): Passed {
  if (!client?.active || client.organizationId !== api.organizationId) throw new Fault('invalidCredentials');
  const subscription = api.subscriptionRequired ? enforceSubscription(api, client, known) : undefined;
  const { authentication, scopes } = resource;
  if (authentication === 'user' ? !grant.ofUser : authentication === 'application' && grant.ofUser)
    throw new Fault('wrongTokenType');
  // Any one of them suffices, and none of its name's relatives: an exact match (RS-05).
  if (scopes.length > 0 && !scopes.some((scope) => grant.scopes.includes(scope)))
    throw new Fault('insufficientScope', {}, scopes);
  return { grant, client, home, subject: grant.claims.sub, subscription, upstream: upstreamFor(api, client.kind) };
}

function enforceSubscription(
  { id, organizationId }: Api,
  { applicationId, kind }: ClientRecord,
  known: Pick<Knowledge, 'subscription'>,
): SubscriptionRecord {
  const subscription = known.subscription(id, applicationId);
  if (!subscription || subscription.organizationId !== organizationId) throw new Fault('notSubscribed');
  const { state } = subscription;
  if (state === 'UNBLOCKED' || (state === 'PROD_ONLY_BLOCKED' && kind === 'sandbox')) return subscription;
  throw new Fault(
    state === 'BLOCKED' || state === 'PROD_ONLY_BLOCKED' ? 'blockedSubscription' : 'inactiveSubscription',
  );
}

/** The upstream of a key's kind; there is none that stands in for it. */
export function upstreamFor({ upstreams }: Api, kind: 'production' | 'sandbox'): Upstream {
  const upstream = upstreams[kind];
  if (!upstream) throw new Fault(kind === 'sandbox' ? 'noSandbox' : 'noProduction');
  return upstream;
}
