import { randomUUID } from 'node:crypto';
import { ServiceError } from '@keyward/contracts';
import { IsNull, LessThanOrEqual, MoreThan, type EntityManager } from 'typeorm';
import { ConsumerSecretEntity } from './consumer-secret.entity';

/** How many secrets of a client are valid at once; each attempt is compared with all of them. */
const MOST_SECRETS = 50;

/** The consumer key whose secrets they are. */
interface Owner {
  organizationId: string;
  consumerKey: string;
}

/** Adds a secret that does not expire. */
export async function addSecret(
  manager: EntityManager,
  { organizationId, consumerKey }: Owner,
  mac: Buffer,
  now: number,
): Promise<void> {
  const secret = { organizationId, id: randomUUID(), consumerKey, mac, createdAt: new Date(now), expiresAt: null };
  await manager.insert(ConsumerSecretEntity, { ...secret, lastUsedAt: null });
}

/**
 * Makes room for a new secret (CA-12): those that are valid stay so for `overlap` seconds and no longer than they would have
 * anyway. Those that had expired before are forgotten. Throws `conflict` where there are as many as may be.
 */
export async function retireSecrets(
  manager: EntityManager,
  { organizationId, consumerKey }: Owner,
  overlap: number,
  now: number,
): Promise<void> {
  const its = { organizationId, consumerKey };
  await manager.delete(ConsumerSecretEntity, { ...its, expiresAt: LessThanOrEqual(new Date(now)) });
  const valid = await validSecrets(manager, its, now);
  if (overlap > 0 && valid.length >= MOST_SECRETS)
    throw new ServiceError(
      'conflict',
      `a client has ${MOST_SECRETS} valid secrets at most; rotating with an overlap of 0 ends those before`,
    );
  for (const secret of valid) await endBy(manager, secret, now + overlap * 1000);
}

/** Newest first. */
export const validSecrets = (
  manager: EntityManager,
  { organizationId, consumerKey }: Owner,
  now: number,
): Promise<ConsumerSecretEntity[]> =>
  manager.find(ConsumerSecretEntity, {
    where: [IsNull(), MoreThan(new Date(now))].map((expiresAt) => ({ organizationId, consumerKey, expiresAt })),
    order: { createdAt: 'DESC' },
  });

/** Never later than it ended anyway. */
async function endBy(
  manager: EntityManager,
  { organizationId, id, expiresAt }: ConsumerSecretEntity,
  end: number,
): Promise<void> {
  if (expiresAt && expiresAt.getTime() <= end) return;
  await manager.update(ConsumerSecretEntity, { organizationId, id }, { expiresAt: new Date(end) });
}
