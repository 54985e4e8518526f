import { Get, Param, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import { findApplication, queryUsage, type UsageReport } from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { UsageQuery } from './bodies';
import { Management, ManagementBus } from './management';

/** How often the organization's APIs were called, by whom, and how they answered. */
@Management('/:orgkey/usage', 'usage', 'publisher')
export class UsageController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  async report(
    @Param('orgkey') orgkey: string,
    @Query() { application, ...query }: UsageQuery,
    @RequestCall() call: Call,
  ): Promise<UsageReport> {
    const applicationId = application && (await this.services.call(findApplication, orgkey, { application }, call)).id;
    return this.services.call(queryUsage, orgkey, { ...query, applicationId }, call);
  }
}
