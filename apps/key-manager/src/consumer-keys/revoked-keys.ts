import { revocationId } from '@keyward/contracts';
import type { RevocationOwner } from '@keyward/database';
import type { EntityManager } from 'typeorm';
import type { ConsumerKeyEntity } from './consumer-key.entity';

type Named = Pick<ConsumerKeyEntity, 'organizationId' | 'consumerKey'>;

/** Unix seconds: what was issued to this name before was not issued to this key. */
export const tokensFrom = ({ createdAt }: Pick<ConsumerKeyEntity, 'createdAt'>): number =>
  Math.floor(createdAt.getTime() / 1000);

const endOf = ({ organizationId, consumerKey: name }: Named) => ({ kind: 'client', name, organizationId }) as const;

/** A disabled key has no tokens; enabled again, it has those of its own that are still alive (abuse 14). */
export async function revokeWhileDisabled(
  owner: RevocationOwner,
  manager: EntityManager,
  key: ConsumerKeyEntity,
  now: number,
): Promise<void> {
  const before = key.state === 'disabled' ? {} : { before: tokensFrom(key) };
  await owner.append(manager, { ...endOf(key), ...before }, now);
}

/** Whatever comes after it under its name, its tokens stay dead. */
export async function revokeForEver(
  owner: RevocationOwner,
  manager: EntityManager,
  key: ConsumerKeyEntity,
  now: number,
): Promise<void> {
  const before = Math.max(Math.ceil(now / 1000), tokensFrom(key) + 1);
  await owner.append(manager, { ...endOf(key), before }, now);
}

/** When a key of this name may begin, Unix milliseconds: never in a second in which one before it had tokens. */
export async function mayBegin(manager: EntityManager, key: Named, now: number): Promise<number> {
  const [ended] = await manager.query<{ before: number | null }[]>(
    `SELECT (record->>'before')::float8 AS before FROM revocations WHERE organization_id = $1 AND id = $2`,
    [key.organizationId, revocationId(endOf(key))],
  );
  return Math.max(now, (ended?.before ?? 0) * 1000);
}
