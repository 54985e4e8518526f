import { ServiceError, type NameApplication } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { ApplicationEntity } from './application.entity';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** An application by its id or its name; `lock` keeps others from changing it or its keys. Throws `not_found`. */
export async function findApplication(
  manager: EntityManager,
  { organizationId, application }: NameApplication,
  { lock = false } = {},
): Promise<ApplicationEntity> {
  const where = UUID.test(application) ? { organizationId, id: application } : { organizationId, name: application };
  const found = hasControls(application)
    ? null
    : await manager.findOne(ApplicationEntity, { where, ...(lock && { lock: { mode: 'pessimistic_write' } }) });
  if (!found) throw new ServiceError('not_found', 'no such application');
  return found;
}

/** Refuses what could not be found again, or be taken for an id. Throws `invalid_request`. */
export function assertName(name: string): void {
  if (hasControls(name)) throw new ServiceError('invalid_request', 'name must not contain control characters');
  if (UUID.test(name)) throw new ServiceError('invalid_request', 'name must not have the form of an id');
}

/** Lone surrogates too: the database would take another character for them. */
const hasControls = (text: string): boolean => /[\p{Cc}\p{Cs}]/u.test(text);
