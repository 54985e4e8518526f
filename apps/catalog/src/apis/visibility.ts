import type { ServiceError } from '@keyward/contracts';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { conflict, invalid } from '../refusals';
import { ApiEntity } from './api.entity';

type Visible = Pick<ApiEntity, 'visibility' | 'visibleTo'>;

/** Whether who has these roles sees an API; `undefined` sees all. Roles are compared without regard to case, as those of scopes. */
export function isSeenWith(roles: readonly string[] | undefined, { visibility, visibleTo }: Visible): boolean {
  if (roles === undefined || visibility !== 'roles') return true;
  const own = new Set(roles.map(lower));
  return visibleTo.some((role) => own.has(lower(role)));
}

/** The same of the APIs that a query, which calls them `api`, asks for. */
export const seenWith = <T extends object>(
  query: SelectQueryBuilder<T>,
  roles: readonly string[] | undefined,
): SelectQueryBuilder<T> =>
  roles === undefined
    ? query
    : query.andWhere(`(api.visibility <> 'roles' OR lower(api.visible_to::text)::text[] && :seenWith::text[])`, {
        seenWith: roles.map(lower),
      });

/** Throws `invalid_request` for an API that who makes it so would lose sight of. */
export function assertSeenWith(roles: readonly string[] | undefined, api: Visible): void {
  if (!isSeenWith(roles, api)) throw invalid('visibleTo must have a role of yours: you would not see the API any more');
}

/** Throws `conflict` for the name of an API of which who asks does not see every version, and says no more of it. */
export async function assertNameSeenWith(
  manager: EntityManager,
  roles: readonly string[] | undefined,
  { organizationId, name }: Pick<ApiEntity, 'organizationId' | 'name'>,
): Promise<void> {
  if (roles === undefined) return;
  const select = { id: true, visibility: true, visibleTo: true } as const;
  const some = await manager.find(ApiEntity, { select, where: { organizationId, name, visibility: 'roles' } });
  if (some.some((api) => !isSeenWith(roles, api))) throw nameTaken(name);
}

/** What is said to who does not see by which version. */
export const nameTaken = (name: string): ServiceError => conflict(`the name ${name} is taken`);

const lower = (role: string) => role.toLowerCase();
