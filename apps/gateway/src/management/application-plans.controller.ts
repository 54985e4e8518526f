import { Body, Get, Param, Patch } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import { findApplication, findApplicationPlan, updateApplicationPlan, type ApplicationPlan } from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { ApplicationPlanChanges } from './bodies';
import { Management, ManagementBus } from './management';

/** The plan of an application, whose quota each of its users has. */
@Management('/:orgkey/applications/:application/plan', 'plans', 'admin')
export class ApplicationPlansController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  async find(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @RequestCall() call: Call,
  ): Promise<ApplicationPlan> {
    const { id } = await this.services.call(findApplication, orgkey, { application }, call);
    return this.services.call(findApplicationPlan, orgkey, { applicationId: id }, call);
  }

  /** `null` takes it away. */
  @Patch()
  async update(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Body() body: ApplicationPlanChanges,
    @RequestCall() call: Call,
  ): Promise<ApplicationPlan> {
    const { id } = await this.services.call(findApplication, orgkey, { application }, call);
    return this.services.call(updateApplicationPlan, orgkey, { ...body, applicationId: id }, call);
  }
}
