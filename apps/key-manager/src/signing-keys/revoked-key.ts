import { ServiceError } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { activeAt, isGone } from './life-cycle';
import { insertSigningKey, lockSigningKeys, type KeyMaker } from './new-signing-key';
import { SigningKeyEntity } from './signing-key.entity';

/**
 * Destroys a key that somebody else may have. When it is the one that signs, the published one follows it at once, or a new one: an
 * older one that is still published for its tokens does not sign again. Throws `not_found`.
 */
export async function destroySigningKey(
  manager: EntityManager,
  maker: KeyMaker,
  { organizationId, kid }: { organizationId: string; kid: string },
  now: number,
): Promise<void> {
  await lockSigningKeys(manager, organizationId);
  const all = await manager.find(SigningKeyEntity, { where: { organizationId } });
  const revoked = all.find((key) => key.kid === kid && !isGone(key, now));
  if (!revoked) throw new ServiceError('not_found');
  const { alg } = revoked;
  const keys = all.filter((key) => key.alg === alg);
  await manager.delete(SigningKeyEntity, { organizationId, kid });
  const next = keys.find((key) => key !== revoked && key.activatesAt.getTime() > now);
  const active = activeAt(keys, now) ?? revoked;
  if (active !== revoked) {
    // Nothing follows the key that signs any more, so it goes on until something does.
    if (!next) await manager.update(SigningKeyEntity, { organizationId, kid: active.kid }, { expiresAt: null });
    return;
  }
  // Never at the same moment as another: of the two, nobody could say which signs.
  const begun = keys.filter((key) => key !== next && key !== revoked).map((key) => key.activatesAt.getTime() + 1);
  const activatesAt = new Date(Math.max(now, ...begun));
  if (next) await manager.update(SigningKeyEntity, { organizationId, kid: next.kid }, { activatesAt });
  else await insertSigningKey(manager, await maker.make(organizationId, alg), { now, activatesAt });
}
