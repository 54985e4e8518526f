import { Handle } from '@keyward/bus';
import {
  applicationPlans,
  findApplicationPlan,
  updateApplicationPlan,
  type ApplicationPlan,
  type FindApplicationPlan,
  type UpdateApplicationPlan,
} from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { assertPlans } from '../apis/api-settings';
import { Feeds } from '../feeds';
import { ApplicationPlanEntity, applicationPlanRecordOf } from './application-plan.entity';

/** `catalog.application-plan.*`. */
@Controller()
export class ApplicationPlansController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
  ) {}

  @Handle(findApplicationPlan)
  async find({ organizationId, applicationId }: FindApplicationPlan): Promise<ApplicationPlan> {
    const found = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.findOneBy(ApplicationPlanEntity, { organizationId, applicationId }),
    );
    return { applicationId, plan: found?.plan ?? null };
  }

  @Handle(updateApplicationPlan)
  async update({ organizationId, applicationId, plan }: UpdateApplicationPlan): Promise<ApplicationPlan> {
    if (plan === undefined) return this.find({ organizationId, applicationId });
    await this.feeds.write(organizationId, async (manager, tell) => {
      await assertPlans(manager, organizationId, 'application', plan === null ? [] : [plan]);
      await manager.delete(ApplicationPlanEntity, { organizationId, applicationId });
      const row = plan === null ? null : { organizationId, applicationId, plan };
      if (row) await manager.insert(ApplicationPlanEntity, row);
      tell(applicationPlans, applicationId, row && applicationPlanRecordOf(row));
    });
    return { applicationId, plan };
  }
}
