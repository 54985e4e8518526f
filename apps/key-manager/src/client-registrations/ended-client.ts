import type { EndedRegistration } from '@keyward/contracts';
import type { RevocationOwner } from '@keyward/database';
import type { EntityManager } from 'typeorm';
import type { ApiKeyFeed } from '../api-keys/api-key-feed';
import { ApplicationEntity } from '../applications/application.entity';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { revokeForEver } from '../consumer-keys/revoked-keys';

/** Whether its application has no other key. */
export const isAlone = async (
  manager: EntityManager,
  { organizationId, applicationId }: ConsumerKeyEntity,
): Promise<boolean> => (await manager.countBy(ConsumerKeyEntity, { organizationId, applicationId })) === 1;

/** Ends a client and its tokens; its application too, unless an administrator has given that other keys. */
export async function endClient(
  manager: EntityManager,
  key: ConsumerKeyEntity,
  apiKeys: ApiKeyFeed,
  revocations: RevocationOwner,
  now: number,
): Promise<EndedRegistration> {
  const { organizationId, consumerKey, applicationId } = key;
  const withApplication = await isAlone(manager, key);
  if (withApplication) {
    await apiKeys.forget(manager, organizationId, applicationId);
    await manager.delete(ApplicationEntity, { organizationId, id: applicationId });
  } else await manager.delete(ConsumerKeyEntity, { organizationId, consumerKey });
  await revokeForEver(revocations, manager, key, now);
  return withApplication ? { applicationId } : {};
}
