import type { EntityManager } from 'typeorm';

/** Makes the roles that a user is given and the organization does not have yet; those there are stay until this is done. */
export async function nameRoles(
  manager: EntityManager,
  organizationId: string,
  roles: readonly string[] | null | undefined,
): Promise<void> {
  if (!roles?.length) return;
  await manager.query(
    `INSERT INTO roles (organization_id, name, description) SELECT $1, name, '' FROM unnest($2::text[]) AS name
       ON CONFLICT (organization_id, name) DO UPDATE SET name = excluded.name`,
    [organizationId, roles],
  );
}
