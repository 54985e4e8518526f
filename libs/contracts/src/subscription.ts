import { feed } from './feed';

/** Whether an application may call an API: one that is `ON_HOLD` waits for approval. */
export const SUBSCRIPTION_STATES = ['UNBLOCKED', 'BLOCKED', 'PROD_ONLY_BLOCKED', 'ON_HOLD', 'REJECTED'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** What gateway and token service hold of an application's subscription to an API version of its own organization. */
export class SubscriptionRecord {
  id: string;
  organizationId: string;
  applicationId: string;
  apiId: string;
  state: SubscriptionState;
  /** The name of its plan; absent: unlimited. */
  plan?: string;
}

/** Every subscription; one at most of an application to an API version. */
export const subscriptions = feed<SubscriptionRecord>('catalog.subscriptions');
