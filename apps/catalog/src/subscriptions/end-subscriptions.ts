import { subscriptions as feed } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import type { Tell } from '../feeds';
import { SubscriptionEntity } from './subscription.entity';

/** Whether any application subscribes to an API. */
export const hasSubscriptions = (manager: EntityManager, organizationId: string, apiId: string): Promise<boolean> =>
  manager.existsBy(SubscriptionEntity, { organizationId, apiId });

/** Deletes all subscriptions of an API, or of an application. */
export async function endSubscriptions(
  manager: EntityManager,
  tell: Tell,
  organizationId: string,
  of: { apiId: string } | { applicationId: string },
): Promise<void> {
  for (const { id } of await manager.findBy(SubscriptionEntity, { organizationId, ...of })) {
    await manager.delete(SubscriptionEntity, { organizationId, id });
    tell(feed, id, null);
  }
}
