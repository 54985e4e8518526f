import { randomUUID } from 'node:crypto';
import { OWN_SCOPES, scopes as feed, type CreateScope } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import type { Tell } from '../feeds';
import { checkText, conflict, invalid } from '../refusals';
import { ScopeEntity, scopeRecordOf } from './scope.entity';

/** Whether a scope is the platform's: whoever defined it could say who gets it. */
export const isOwnScope = (name: string): boolean =>
  OWN_SCOPES.includes(name.toLowerCase()) || name.toLowerCase().startsWith('keyward:');

/** A new scope. Throws `conflict`, `invalid_request`. */
export async function insertScope(
  manager: EntityManager,
  tell: Tell,
  { organizationId, name, description = '', roles = [] }: CreateScope,
): Promise<ScopeEntity> {
  if (isOwnScope(name)) throw invalid(`${name} is a scope of the platform`);
  checkText('description', description);
  if (await manager.existsBy(ScopeEntity, { organizationId, name })) throw conflict('there is a scope of this name');
  const scope = { organizationId, id: randomUUID(), name, description, roles, createdAt: new Date() };
  await manager.insert(ScopeEntity, scope);
  tell(feed, scope.id, scopeRecordOf(scope));
  return scope;
}
