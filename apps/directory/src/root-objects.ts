import type { Call } from '@keyward/bus';
import { OPERATOR_ROLE, ROOT_ORGANIZATION, ServiceError } from '@keyward/contracts';
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
  await organizations.create({ key, name: 'Keyward' }, organizationId).catch(unlessThere);
  if ((await users.list({ organizationId, limit: 1 })).items.length > 0) return;
  if (adminPassword === undefined) {
    logger.warn('there is no user in the organization root: set KEYWARD_ADMIN_PASSWORD to have one made');
    return;
  }
  try {
    await users.create({ organizationId, username: 'admin', password: adminPassword, roles: [OPERATOR_ROLE] }, call);
  } catch (error) {
    if (error instanceof ServiceError && error.code === 'invalid_request')
      throw new ConfigError([`KEYWARD_ADMIN_PASSWORD is not accepted: ${error.description ?? ''}`]);
    unlessThere(error);
  }
}

function unlessThere(error: unknown): void {
  if (!(error instanceof ServiceError && error.code === 'conflict')) throw error;
}
