import { Body, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  createOrganization,
  CreateOrganization,
  findOrganization,
  listOrganizations,
  PageRequest,
  updateOrganization,
  type Organization,
  type OrganizationPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { OrganizationChanges } from './bodies';
import { Management, ManagementBus } from './management';
import { Requires } from './rights';

@Management('', 'organizations')
export class OrganizationsController {
  constructor(
    private readonly bus: Bus,
    private readonly services: ManagementBus,
  ) {}

  @Get()
  list(@Query() page: PageRequest, @RequestCall() call: Call): Promise<OrganizationPage> {
    return this.bus.call(listOrganizations, page, call);
  }

  @Post()
  create(@Body() body: CreateOrganization, @RequestCall() call: Call): Promise<Organization> {
    return this.bus.call(createOrganization, body, call);
  }

  @Get(':orgkey')
  @Requires('publisher')
  find(@Param('orgkey') orgkey: string, @RequestCall() call: Call): Promise<Organization> {
    return this.bus.call(findOrganization, { key: orgkey.toLowerCase() }, call);
  }

  /** Whether it is suspended is the operator's to say. */
  @Patch(':orgkey')
  @Requires('admin', ['state'])
  update(
    @Param('orgkey') orgkey: string,
    @Body() body: OrganizationChanges,
    @RequestCall() call: Call,
  ): Promise<Organization> {
    return this.services.call(updateOrganization, orgkey, body, call);
  }
}
