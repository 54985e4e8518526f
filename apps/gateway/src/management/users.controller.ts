import { Body, Delete, Get, HttpCode, Inject, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createUser,
  deleteUser,
  endGrants,
  endSessions,
  findUser,
  listUsers,
  PageRequest,
  resetPassword,
  unlockUser,
  updateUser,
  type CreatedUser,
  type User,
  type UserPage,
} from '@keyward/contracts';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { RequestCall } from '../http/request-call';
import { NewPassword, NewUser, UserChanges } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/users', 'users', 'admin')
export class UsersController {
  constructor(
    private readonly services: ManagementBus,
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
  ) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<UserPage> {
    return this.services.call(listUsers, orgkey, page, call);
  }

  /** The password is in the answer when it was generated, and never again. */
  @Post()
  create(@Param('orgkey') orgkey: string, @Body() body: NewUser, @RequestCall() call: Call): Promise<CreatedUser> {
    return this.services.call(createUser, orgkey, body, call);
  }

  @Get(':username')
  find(@Param('orgkey') orgkey: string, @Param('username') username: string, @RequestCall() call: Call): Promise<User> {
    return this.services.call(findUser, orgkey, { username }, call);
  }

  @Patch(':username')
  async update(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Body() body: UserChanges,
    @RequestCall() call: Call,
  ): Promise<User> {
    const user = await this.services.call(updateUser, orgkey, { ...body, username }, call);
    if (user.state === 'disabled') await this.signOut(orgkey, user.id, call);
    return user;
  }

  @Delete(':username')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    const { id } = await this.services.call(findUser, orgkey, { username }, call);
    await this.services.call(deleteUser, orgkey, { username }, call);
    await this.signOut(orgkey, id, call);
  }

  /** Forgets the wrong passwords that keep an account closed. */
  @Post(':username/unlock')
  @HttpCode(200)
  unlock(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @RequestCall() call: Call,
  ): Promise<User> {
    return this.services.call(unlockUser, orgkey, { username }, call);
  }

  /** The password is in the answer when it was generated, and never again. */
  @Post(':username/reset-password')
  @HttpCode(200)
  async resetPassword(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @Body() body: NewPassword,
    @RequestCall() call: Call,
  ): Promise<CreatedUser> {
    const created = await this.services.call(resetPassword, orgkey, { ...body, username }, call);
    if (this.config.oauth.revokeOnPasswordChange) await this.signOut(orgkey, created.user.id, call);
    return created;
  }

  /** Ends every grant of the user: access and refresh tokens of all clients and grant types, offline access, sessions. */
  @Delete(':username/grants')
  @HttpCode(204)
  async endGrants(
    @Param('orgkey') orgkey: string,
    @Param('username') username: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    const { id } = await this.services.call(endGrants, orgkey, { username }, call);
    await this.signOut(orgkey, id, call);
  }

  /** Sessions are over by what was done already; ended, their clients are told (BL-01). A new password is not lost over that. */
  private async signOut(orgkey: string, sub: string, call: Call): Promise<void> {
    await this.services.call(endSessions, orgkey, { sub }, call).catch(() => undefined);
  }
}
