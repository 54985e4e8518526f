import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  assignRole,
  createRole,
  deleteRole,
  Empty,
  findRole,
  listMembers,
  listRoles,
  unassignRole,
  updateRole,
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
import { Roles } from './roles';

/** `directory.role.*`. */
@Controller()
export class RolesController {
  constructor(private readonly roles: Roles) {}

  @Handle(createRole)
  create(request: CreateRole): Promise<Role> {
    return this.roles.create(request);
  }

  @Handle(listRoles)
  list(request: ListRoles): Promise<RolePage> {
    return this.roles.list(request);
  }

  @Handle(findRole)
  find(request: NameRole): Promise<Role> {
    return this.roles.find(request);
  }

  @Handle(updateRole)
  update(request: UpdateRole): Promise<Role> {
    return this.roles.update(request);
  }

  @Handle(deleteRole)
  async delete(request: NameRole): Promise<Empty> {
    await this.roles.delete(request);
    return new Empty();
  }

  @Handle(listMembers)
  members(request: ListMembers): Promise<UserPage> {
    return this.roles.members(request);
  }

  @Handle(assignRole)
  assign(request: NameMember): Promise<User> {
    return this.roles.assign(request);
  }

  @Handle(unassignRole)
  unassign(request: NameMember): Promise<User> {
    return this.roles.unassign(request);
  }
}
