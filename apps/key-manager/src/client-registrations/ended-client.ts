import type { EndedRegistration } from '@keyward/contracts';
import type { RevocationOwner } from '@keyward/database';
import type { EntityManager } from 'typeorm';
import type { ApiKeyFeed } from '../api-keys/api-key-feed';
import { ApplicationEntity } from '../applications/application.entity';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { revokeForEver } from '../consumer-keys/revoked-keys';

/** Ends a client and its tokens; its application too, unless an administrator has given that other keys. */
export async function endClient(
  manager: EntityManager,
  key: ConsumerKeyEntity,
  apiKeys: ApiKeyFeed,
  revocations: RevocationOwner,
  now: number,
): Promise<EndedRegistration> {
  const { organizationId, consumerKey, applicationId } = key;
  const isAlone = (await manager.countBy(ConsumerKeyEntity, { organizationId, applicationId })) === 1;
  if (isAlone) {
    await apiKeys.forget(manager, organizationId, applicationId);
    await manager.delete(ApplicationEntity, { organizationId, id: applicationId });
  } else await manager.delete(ConsumerKeyEntity, { organizationId, consumerKey });
  await revokeForEver(revocations, manager, key, now);
  return isAlone ? { applicationId } : {};
}
