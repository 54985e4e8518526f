import type { SelectQueryBuilder } from 'typeorm';
import { invalid } from '../refusals';
import type { ApiEntity } from './api.entity';

type Visible = Pick<ApiEntity, 'visibility' | 'visibleTo'>;

/** Whether who has these roles sees an API; `undefined` sees all. Roles are compared without regard to case, as those of scopes. */
export function isSeenWith(roles: readonly string[] | undefined, { visibility, visibleTo }: Visible): boolean {
  if (roles === undefined || visibility !== 'roles') return true;
  const own = new Set(roles.map(lower));
  return visibleTo.some((role) => own.has(lower(role)));
}

/** The same of the APIs that a query, which calls them `api`, asks for. */
export const seenWith = (query: SelectQueryBuilder<ApiEntity>, roles: readonly string[] | undefined): typeof query =>
  roles === undefined
    ? query
    : query.andWhere(`(api.visibility <> 'roles' OR lower(api.visible_to::text)::text[] && :seenWith::text[])`, {
        seenWith: roles.map(lower),
      });

/** Throws `invalid_request` for an API that who makes it so would lose sight of. */
export function assertSeenWith(roles: readonly string[] | undefined, api: Visible): void {
  if (!isSeenWith(roles, api)) throw invalid('visibleTo must have a role of yours: you would not see the API any more');
}

const lower = (role: string) => role.toLowerCase();
