import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  assignRole,
  createRole,
  deleteRole,
  findRole,
  listMembers,
  listRoles,
  PageRequest,
  unassignRole,
  updateRole,
  type Role,
  type RolePage,
  type User,
  type UserPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewMember, NewRole, RoleChanges } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/roles', 'roles', 'admin')
export class RolesController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<RolePage> {
    return this.services.call(listRoles, orgkey, page, call);
  }

  @Post()
  create(@Param('orgkey') orgkey: string, @Body() body: NewRole, @RequestCall() call: Call): Promise<Role> {
    return this.services.call(createRole, orgkey, body, call);
  }

  @Get(':role')
  find(@Param('orgkey') orgkey: string, @Param('role') role: string, @RequestCall() call: Call): Promise<Role> {
    return this.services.call(findRole, orgkey, { role }, call);
  }

  @Patch(':role')
  update(
    @Param('orgkey') orgkey: string,
    @Param('role') role: string,
    @Body() body: RoleChanges,
    @RequestCall() call: Call,
  ): Promise<Role> {
    return this.services.call(updateRole, orgkey, { ...body, role }, call);
  }

  /** All who have it lose it. */
  @Delete(':role')
  @HttpCode(204)
  async delete(@Param('orgkey') orgkey: string, @Param('role') role: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(deleteRole, orgkey, { role }, call);
  }

  @Get(':role/members')
  members(
    @Param('orgkey') orgkey: string,
    @Param('role') role: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<UserPage> {
    return this.services.call(listMembers, orgkey, { ...page, role }, call);
  }

  /** Gives the role to a user; who has it keeps it. */
  @Post(':role/members')
  @HttpCode(200)
  assign(
    @Param('orgkey') orgkey: string,
    @Param('role') role: string,
    @Body() body: NewMember,
    @RequestCall() call: Call,
  ): Promise<User> {
    return this.services.call(assignRole, orgkey, { ...body, role }, call);
  }

  @Delete(':role/members/:username')
  @HttpCode(204)
  async unassign(
    @Param('orgkey') orgkey: string,
    @Param('role') role: string,
    @Param('username') username: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(unassignRole, orgkey, { role, username }, call);
  }
}
