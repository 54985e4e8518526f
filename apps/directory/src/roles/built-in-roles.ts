import { ADMIN_ROLE, PUBLISHER_ROLE, ROOT_ORGANIZATION, ServiceError } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';

/** The roles that every organization has from its beginning: what they allow is the management API's to say. */
const BUILT_IN = {
  [ADMIN_ROLE]: 'Manages the organization: its users, roles, applications and APIs',
  [PUBLISHER_ROLE]: 'Manages the organization’s APIs, scopes, plans and subscriptions',
};

/** Makes them for a new organization; `root` is managed by operators alone. */
export async function makeBuiltInRoles(manager: EntityManager, organizationId: string): Promise<void> {
  if (organizationId === ROOT_ORGANIZATION.id) return;
  // This transaction began without an organization, which was not there yet.
  await manager.query(`SELECT set_config('app.organization', $1, true)`, [organizationId]);
  await manager.query(
    `INSERT INTO roles (organization_id, name, description)
       SELECT $1, name, description FROM unnest($2::text[], $3::text[]) AS role (name, description)`,
    [organizationId, Object.keys(BUILT_IN), Object.values(BUILT_IN)],
  );
}

/** Errors: `invalid_request`. */
export function assertNotBuiltIn(organizationId: string, role: string): void {
  if (organizationId !== ROOT_ORGANIZATION.id && Object.hasOwn(BUILT_IN, role))
    throw new ServiceError('invalid_request', 'this role is one that every organization has');
}
