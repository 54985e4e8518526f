import { OWN_PATHS } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { conflict, invalid } from '../refusals';
import type { ApiEntity } from './api.entity';
import { isSeenWith } from './visibility';

/** No part begins with a dot, so none is `.` or `..`; nothing in it is ever percent-encoded. */
const CONTEXT = /^(\/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$/;

/** Throws `invalid_request` for what is no context, and for what Keyward serves itself. */
export function checkContext(context: string): void {
  if (!CONTEXT.test(context))
    throw invalid('context must be a path such as /pizza, of letters, digits, hyphens, dots, underscores and tildes');
  const first = context.split('/')[1]?.toLowerCase() ?? '';
  if (OWN_PATHS.includes(first)) throw invalid(`context must not begin with /${first}, which is the platform's own`);
}

/**
 * One name has one context, and no version's path is the beginning of another's: what a request means never depends on what
 * is looked at first. Throws `conflict`, which names what is in the way to who sees that.
 */
export async function assertPlace(
  manager: EntityManager,
  { organizationId, name, version, context }: Pick<ApiEntity, 'organizationId' | 'name' | 'version' | 'context'>,
  seenWith: string[] | undefined,
): Promise<void> {
  const [other] = await manager.query<Pick<ApiEntity, 'name' | 'version' | 'context' | 'visibility' | 'visibleTo'>[]>(
    `SELECT name, version, context, visibility, visible_to AS "visibleTo" FROM apis WHERE organization_id = $1 AND (
       (name = $2) <> (context = $3) AND (name = $2 OR lower(context) = lower($3))
       OR starts_with($4, lower(context || '/' || version) || '/')
       OR starts_with(lower(context || '/' || version) || '/', $4)) LIMIT 1`,
    [organizationId, name, context, `${context}/${version}/`.toLowerCase()],
  );
  if (!other) return;
  if (!isSeenWith(seenWith, other)) throw conflict(`${context}/${version} is taken`);
  if (other.name === name && other.context !== context)
    throw conflict(`the context of ${name} is ${other.context}, in every version`);
  if (other.name === name && other.version.toLowerCase() === version.toLowerCase())
    throw conflict(`there is a version ${other.version} of ${name}`);
  throw conflict(`${context}/${version} is taken by ${other.name}:${other.version}`);
}
