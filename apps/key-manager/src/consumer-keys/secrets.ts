import { randomUUID } from 'node:crypto';
import { IsNull, LessThanOrEqual, MoreThan, type EntityManager } from 'typeorm';
import { ConsumerSecretEntity } from './consumer-secret.entity';

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
 * Makes room for a new secret (CA-12): the newest valid one stays so for `overlap` seconds, older ones end now, so no more
 * than two are valid at once. Those that had expired before are forgotten.
 */
export async function retireSecrets(
  manager: EntityManager,
  { organizationId, consumerKey }: Owner,
  overlap: number,
  now: number,
): Promise<void> {
  const its = { organizationId, consumerKey };
  await manager.delete(ConsumerSecretEntity, { ...its, expiresAt: LessThanOrEqual(new Date(now)) });
  const [newest, ...older] = await validSecrets(manager, its, now);
  if (newest) await endBy(manager, newest, now + overlap * 1000);
  for (const secret of older) await endBy(manager, secret, now);
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
