import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createApplication,
  findApplication,
  generateKey,
  listApplications,
  listApplicationUsers,
  listKeys,
  PageRequest,
  updateApplication,
  type Application,
  type ApplicationPage,
  type ApplicationUserPage,
  type GeneratedKey,
  type KeyPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { ApplicationChanges, NewApplication, NewKey } from './bodies';
import { endApplication } from './ended-application';
import { Management, ManagementBus } from './management';
import { Requires } from './rights';

/** Whether users of other organizations may sign in is not for one of them to say. */
const OPERATORS_ONLY = ['multiOrganization'];

@Management('/:orgkey/applications', 'applications', 'admin')
export class ApplicationsController {
  constructor(private readonly services: ManagementBus) {}

  /** Publishers too: they decide about their subscriptions. */
  @Get()
  @Requires('publisher')
  list(
    @Param('orgkey') orgkey: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<ApplicationPage> {
    return this.services.call(listApplications, orgkey, page, call);
  }

  @Post()
  @Requires('admin', OPERATORS_ONLY)
  create(
    @Param('orgkey') orgkey: string,
    @Body() body: NewApplication,
    @RequestCall() call: Call,
  ): Promise<Application> {
    return this.services.call(createApplication, orgkey, body, call);
  }

  @Get(':application')
  @Requires('publisher')
  find(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @RequestCall() call: Call,
  ): Promise<Application> {
    return this.services.call(findApplication, orgkey, { application }, call);
  }

  @Patch(':application')
  @Requires('admin', OPERATORS_ONLY)
  update(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Body() body: ApplicationChanges,
    @RequestCall() call: Call,
  ): Promise<Application> {
    return this.services.call(updateApplication, orgkey, { ...body, application }, call);
  }

  /** Its consumer keys and its subscriptions go with it. */
  @Delete(':application')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await endApplication(this.services, orgkey, application, call);
  }

  @Get(':application/keys')
  keys(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<KeyPage> {
    return this.services.call(listKeys, orgkey, { ...page, application }, call);
  }

  /** Who was given tokens through it, whether or not any is still alive; `after` is a `sub`. */
  @Get(':application/users')
  async users(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<ApplicationUserPage> {
    const { id: applicationId } = await this.services.call(findApplication, orgkey, { application }, call);
    return this.services.call(listApplicationUsers, orgkey, { ...page, applicationId }, call);
  }

  /** Generates a key pair, or imports one. The secret is in the answer and never again. */
  @Post(':application/keys')
  generateKey(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Body() body: NewKey,
    @RequestCall() call: Call,
  ): Promise<GeneratedKey> {
    return this.services.call(
      generateKey,
      orgkey,
      ({ highAssurance }) => ({ ...body, application, highAssurance }),
      call,
    );
  }
}
