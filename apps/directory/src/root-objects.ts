import type { Call } from '@keyward/bus';
import { OPERATOR_ROLE, ROOT_ORGANIZATION, ServiceError, type ErrorCode } from '@keyward/contracts';
import { ConfigError, type Logger } from '@keyward/runtime';
import type { Organizations } from './organizations/organizations';
import type { Users } from './users/users';

/**
 * Makes the operator's organization, and its first user `admin` when it has none: one that was deleted stays deleted. Of two
 * instances that start at once, one makes them.
 */
export async function ensureRootObjects(
  { organizations, users }: { organizations: Organizations; users: Users },
  adminPassword: string | undefined,
  logger: Logger,
  call: Call,
): Promise<void> {
  const { id: organizationId, key } = ROOT_ORGANIZATION;
  await organizations
    .find(key)
    .catch(only('not_found', () => organizations.create({ key, name: 'Keyward' }, organizationId)))
    .catch(only('conflict'));
  if ((await users.list({ organizationId, limit: 1 })).items.length > 0) return;
  if (adminPassword === undefined) {
    logger.warn('there is no user in the organization root: set KEYWARD_ADMIN_PASSWORD to have one made');
    return;
  }
  const admin = { organizationId, username: 'admin', password: adminPassword, roles: [OPERATOR_ROLE] };
  await users.create(admin, call).catch(only('conflict')).catch(only('invalid_request', refuse));
}

/** Handles errors of that code alone, by nothing when there is nothing to do. */
const only =
  <T>(code: ErrorCode, handle: (error: ServiceError) => T | undefined = () => undefined) =>
  (error: unknown): T | undefined => {
    if (error instanceof ServiceError && error.code === code) return handle(error);
    throw error;
  };

function refuse({ description = '' }: ServiceError): never {
  throw new ConfigError([`KEYWARD_ADMIN_PASSWORD is not accepted: ${description}`]);
}
