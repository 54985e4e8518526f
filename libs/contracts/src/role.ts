import { IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';
import { User, UserPage } from './user';

const ROLE = /^[\w.-]{1,64}$/;

/** A role of an organization's users; scopes may need one. */
export class Role {
  organizationId: string;
  name: string;
  description: string;
  createdAt: string;
}

export class CreateRole {
  @IsUUID() organizationId: string;
  @Matches(ROLE, { message: 'name must be 1 to 64 letters, digits, dots, hyphens and underscores' }) name: string;
  @IsOptional() @IsString() @MaxLength(500) description?: string;
}

export class ListRoles extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameRole {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(64) role: string;
}

export class UpdateRole extends NameRole {
  @IsOptional() @IsString() @MaxLength(500) description?: string;
}

export class ListMembers extends PageRequest {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(64) role: string;
}

export class NameMember extends NameRole {
  @IsString() @MaxLength(384) username: string;
}

export class RolePage extends Page<Role> {}

/** Errors: `conflict` when the name is taken. A role that a user is given by its name is made, too. */
export const createRole = rpc('directory.role.create', CreateRole, Role);
export const listRoles = rpc('directory.role.list', ListRoles, RolePage, { repeatable: true });
/** Errors of these: `not_found`; to take the last operator of `root` away: `invalid_request`. */
export const findRole = rpc('directory.role.find', NameRole, Role, { repeatable: true });
export const updateRole = rpc('directory.role.update', UpdateRole, Role, { repeatable: true });
/** Takes it from all who have it. */
export const deleteRole = rpc('directory.role.delete', NameRole, Empty);
export const listMembers = rpc('directory.role.list-members', ListMembers, UserPage, { repeatable: true });
export const assignRole = rpc('directory.role.assign', NameMember, User, { repeatable: true });
export const unassignRole = rpc('directory.role.unassign', NameMember, User, { repeatable: true });
