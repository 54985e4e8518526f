import {
  ServiceError,
  type CreateRole,
  type ListMembers,
  type ListRoles,
  type NameMember,
  type NameRole,
  type Role,
  type RolePage,
  type UpdateRole,
  type User,
  type UserPage,
} from '@keyward/contracts';
import { checkCursor, inOrganization, isDuplicate, pageOf } from '@keyward/database';
import { MoreThan, type DataSource, type EntityManager } from 'typeorm';
import { OrganizationEntity } from '../organizations/organization.entity';
import { readUsers, userNamed } from '../users/user-rows';
import { usernameKey } from '../users/username';
import { assertOperated } from '../users/users';
import { assertNotBuiltIn } from './built-in-roles';
import { RoleEntity, roleOf } from './role.entity';

/** The roles of organizations, and who has them. */
export class Roles {
  constructor(private readonly database: DataSource) {}

  async create({ organizationId, name, description = '' }: CreateRole): Promise<Role> {
    checkDescription(description);
    try {
      return await inOrganization(this.database, organizationId, async (manager) => {
        if (!(await manager.existsBy(OrganizationEntity, { id: organizationId })))
          throw new ServiceError('not_found', 'there is no such organization');
        await manager.insert(RoleEntity, { organizationId, name, description });
        return roleOf(await roleNamed(manager, { organizationId, role: name }));
      });
    } catch (error) {
      if (isDuplicate(error)) throw new ServiceError('conflict', 'there is a role of this name');
      throw error;
    }
  }

  async list({ organizationId, after = '', limit }: ListRoles): Promise<RolePage> {
    checkCursor(after);
    const rows = await inOrganization(this.database, organizationId, (manager) =>
      manager.find(RoleEntity, {
        where: { organizationId, name: MoreThan(after) },
        order: { name: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(rows.map(roleOf), limit, ({ name }) => name);
  }

  async find(request: NameRole): Promise<Role> {
    return roleOf(
      await inOrganization(this.database, request.organizationId, (manager) => roleNamed(manager, request)),
    );
  }

  update({ description = '', ...request }: UpdateRole): Promise<Role> {
    checkDescription(description);
    return inOrganization(this.database, request.organizationId, async (manager) => {
      const { organizationId, name } = await roleNamed(manager, request);
      await manager.update(RoleEntity, { organizationId, name }, { description });
      return roleOf(await roleNamed(manager, request));
    });
  }

  /** The lock keeps others from giving it to somebody meanwhile. */
  delete(request: NameRole): Promise<void> {
    return inOrganization(this.database, request.organizationId, async (manager) => {
      const { organizationId, name } = await roleNamed(manager, request);
      assertNotBuiltIn(organizationId, name);
      await manager.delete(RoleEntity, { organizationId, name });
      await manager.query(
        `UPDATE users SET roles = array_remove(roles, $2) WHERE organization_id = $1 AND $2 = ANY (roles)`,
        [organizationId, name],
      );
      await assertOperated(manager, organizationId);
    });
  }

  async members({ after = '', limit, ...request }: ListMembers): Promise<UserPage> {
    checkCursor(after);
    const users = await inOrganization(this.database, request.organizationId, async (manager) => {
      const { organizationId, name } = await roleNamed(manager, request);
      return readUsers(
        manager,
        `u.organization_id = $1 AND $2 = ANY (u.roles) AND u.username_key > $3 ORDER BY u.username_key LIMIT $4`,
        [organizationId, name, after, limit + 1],
      );
    });
    return pageOf(users, limit, ({ username }) => usernameKey(username));
  }

  /** Who has it already keeps it. */
  assign({ username, ...request }: NameMember): Promise<User> {
    const { organizationId, role } = request;
    return inOrganization(this.database, organizationId, async (manager) => {
      const { id, roles } = await userNamed(manager, organizationId, username);
      await roleNamed(manager, request, { lock: true });
      if (!roles.includes(role) && roles.length >= MAX_ROLES)
        throw new ServiceError('invalid_request', `a user has at most ${MAX_ROLES} roles`);
      await manager.query(
        `UPDATE users SET roles = array_append(roles, $3)
         WHERE organization_id = $1 AND id = $2 AND NOT $3 = ANY (roles)`,
        [organizationId, id, role],
      );
      return userNamed(manager, organizationId, username);
    });
  }

  unassign({ username, ...request }: NameMember): Promise<User> {
    const { organizationId } = request;
    return inOrganization(this.database, organizationId, async (manager) => {
      const { id } = await userNamed(manager, organizationId, username);
      const { name } = await roleNamed(manager, request);
      await manager.query(`UPDATE users SET roles = array_remove(roles, $3) WHERE organization_id = $1 AND id = $2`, [
        organizationId,
        id,
        name,
      ]);
      await assertOperated(manager, organizationId);
      return userNamed(manager, organizationId, username);
    });
  }
}

const MAX_ROLES = 50;

/** Throws `not_found`. */
async function roleNamed(
  manager: EntityManager,
  { organizationId, role }: NameRole,
  { lock = false } = {},
): Promise<RoleEntity> {
  const where = { organizationId, name: role };
  const found = role.includes('\0')
    ? null
    : await manager.findOne(RoleEntity, { where, ...(lock && { lock: { mode: 'pessimistic_read' as const } }) });
  if (!found) throw new ServiceError('not_found', 'there is no such role');
  return found;
}

function checkDescription(description: string): void {
  if (/[\0\p{Cs}]/u.test(description))
    throw new ServiceError('invalid_request', 'description must not contain control characters');
}
