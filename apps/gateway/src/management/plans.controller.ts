import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createPlan,
  deletePlan,
  findPlan,
  listPlans,
  PageRequest,
  updatePlan,
  type Plan,
  type PlanPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewPlan, PlanChanges } from './bodies';
import { Management, ManagementBus } from './management';

/** A plan is named by its level and its name. */
@Management('/:orgkey/plans', 'plans', 'publisher')
export class PlansController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<PlanPage> {
    return this.services.call(listPlans, orgkey, page, call);
  }

  @Post()
  create(@Param('orgkey') orgkey: string, @Body() body: NewPlan, @RequestCall() call: Call): Promise<Plan> {
    return this.services.call(createPlan, orgkey, body, call);
  }

  @Get(':level/:plan')
  find(
    @Param('orgkey') orgkey: string,
    @Param('level') level: string,
    @Param('plan') plan: string,
    @RequestCall() call: Call,
  ): Promise<Plan> {
    return this.services.call(findPlan, orgkey, { level, plan }, call);
  }

  @Patch(':level/:plan')
  update(
    @Param('orgkey') orgkey: string,
    @Param('level') level: string,
    @Param('plan') plan: string,
    @Body() body: PlanChanges,
    @RequestCall() call: Call,
  ): Promise<Plan> {
    return this.services.call(updatePlan, orgkey, { ...body, level, plan }, call);
  }

  /** Not while something names it. */
  @Delete(':level/:plan')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('level') level: string,
    @Param('plan') plan: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(deletePlan, orgkey, { level, plan }, call);
  }
}
