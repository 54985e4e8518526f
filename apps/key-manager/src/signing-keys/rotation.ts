import type { SigningAlgorithm } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { expiryAfter, type Life } from './life-cycle';
import { insertSigningKey, lockSigningKeys, type KeyMaker } from './new-signing-key';
import { SigningKeyEntity } from './signing-key.entity';

/**
 * Lets the newest key of an organization and an algorithm be followed by another: `begin` says when, or `undefined` for not now. One that is
 * published and has not begun is that other key: it begins earlier or stays as it is, but is not overtaken.
 */
export async function rotate(
  manager: EntityManager,
  maker: KeyMaker,
  organizationId: string,
  alg: SigningAlgorithm,
  now: number,
  begin: (newest: Life) => Date | undefined,
): Promise<void> {
  await lockSigningKeys(manager, organizationId);
  const [newest, before] = await manager.find(SigningKeyEntity, {
    where: { organizationId, alg },
    order: { activatesAt: 'DESC' },
  });
  if (!newest) {
    await insertSigningKey(manager, await maker.make(organizationId, alg), { now, activatesAt: new Date(now) });
    return;
  }
  const isWaiting = newest.activatesAt.getTime() > now;
  const retiring = isWaiting ? before : newest;
  const wanted = begin(newest);
  if (!wanted) return;
  // Never at the same moment as the key before: of the two, nobody could say which signs.
  const activatesAt = new Date(Math.max(wanted.getTime(), (retiring?.activatesAt.getTime() ?? 0) + 1));
  if (isWaiting && activatesAt >= newest.activatesAt) return;
  if (isWaiting) await manager.update(SigningKeyEntity, named(newest), { activatesAt });
  else await insertSigningKey(manager, await maker.make(organizationId, alg), { now, activatesAt });
  if (retiring) await manager.update(SigningKeyEntity, named(retiring), { expiresAt: expiryAfter(activatesAt) });
}

/** The algorithms that an organization has keys of. */
export async function algorithmsOf(manager: EntityManager, organizationId: string): Promise<SigningAlgorithm[]> {
  const keys = await manager.find(SigningKeyEntity, { select: { alg: true }, where: { organizationId } });
  return [...new Set<SigningAlgorithm>(['ES256', ...keys.map(({ alg }) => alg)])];
}

const named = ({ organizationId, kid }: SigningKeyEntity) => ({ organizationId, kid });
