import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  createPlan,
  deletePlan,
  Empty,
  findPlan,
  listPlans,
  PLAN_LEVELS,
  plans as feed,
  updatePlan,
  type CreatePlan,
  type ListPlans,
  type NamePlan,
  type Plan,
  type PlanPage,
  type UpdatePlan,
} from '@keyward/contracts';
import { checkCursor, inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, type EntityManager } from 'typeorm';
import { Feeds } from '../feeds';
import { checkText, conflict, invalid, notFound } from '../refusals';
import { PlanEntity, planOf, planRecordOf } from './plan.entity';

const MOST_CUSTOM = 5;

/** `catalog.plan.*`. */
@Controller()
export class PlansController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
  ) {}

  @Handle(createPlan)
  create({ organizationId, name, level, ...asked }: CreatePlan): Promise<Plan> {
    return this.feeds.write(organizationId, async (manager, tell) => {
      if (await manager.existsBy(PlanEntity, { organizationId, level, name }))
        throw conflict(`there is a plan of this name for the level ${level}`);
      if (level === 'custom' && (await manager.countBy(PlanEntity, { organizationId, level })) >= MOST_CUSTOM)
        throw conflict(`there are ${MOST_CUSTOM} custom plans at most: each call is counted by all of them`);
      const named = { organizationId, level, name, id: randomUUID() };
      const plan = { ...named, ...quotaFrom({ ...NONE, level }, asked), createdAt: new Date() };
      await manager.insert(PlanEntity, plan);
      tell(feed, plan.id, planRecordOf(plan));
      return planOf(plan);
    });
  }

  @Handle(listPlans)
  async list({ organizationId, after, limit }: ListPlans): Promise<PlanPage> {
    const [level = '', name = ''] = after?.split(/:(.*)/s) ?? [];
    checkCursor(after ?? '');
    const found = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager
        .createQueryBuilder(PlanEntity, 'plan')
        .where('plan.organizationId = :organizationId AND (plan.level COLLATE "C", plan.name) > (:level, :name)')
        .setParameters({ organizationId, level, name })
        .orderBy('plan.level COLLATE "C"')
        .addOrderBy('plan.name')
        .limit(limit + 1)
        .getMany(),
    );
    return pageOf(found.map(planOf), limit, (plan) => `${plan.level}:${plan.name}`);
  }

  @Handle(findPlan)
  async find(request: NamePlan): Promise<Plan> {
    return planOf(
      await inOrganization(this.dataSource, request.organizationId, (manager) => planNamed(manager, request)),
    );
  }

  @Handle(updatePlan)
  update({ organizationId, ...request }: UpdatePlan): Promise<Plan> {
    return this.feeds.write(organizationId, async (manager, tell) => {
      const before = await planNamed(manager, { organizationId, level: request.level, plan: request.plan });
      const { level, name } = before;
      const changes = quotaFrom(before, request);
      await manager.update(PlanEntity, { organizationId, level, name }, changes);
      const plan = { ...before, ...changes };
      tell(feed, plan.id, planRecordOf(plan));
      return planOf(plan);
    });
  }

  @Handle(deletePlan)
  async delete(request: NamePlan): Promise<Empty> {
    await this.feeds.write(request.organizationId, async (manager, tell) => {
      const { organizationId, level, name, id } = await planNamed(manager, request);
      const [used] = await manager.query<unknown[]>(
        `SELECT FROM apis WHERE organization_id = $1
           AND ($2 = 'api' AND plan = $3 OR $2 = 'upstream' AND upstream_plan = $3 OR $2 = 'resource' AND resources @> $4)
         UNION ALL SELECT FROM subscriptions WHERE organization_id = $1 AND $2 = 'subscription' AND plan = $3
         UNION ALL SELECT FROM application_plans WHERE organization_id = $1 AND $2 = 'application' AND plan = $3 LIMIT 1`,
        [organizationId, level, name, JSON.stringify([{ plan: name }])],
      );
      if (used) throw conflict('this plan is in use');
      await manager.delete(PlanEntity, { organizationId, level, name });
      tell(feed, id, null);
    });
    return new Empty();
  }
}

type Quota = Pick<PlanEntity, 'description' | 'requests' | 'kilobytes' | 'every' | 'unit' | 'burst' | 'countedBy'>;
const NONE: Quota = {
  ...{ description: '', requests: null, kilobytes: null, every: 1, unit: 'minute', burst: null, countedBy: [] },
};

/** The quota with what was asked for. Throws `invalid_request`. */
function quotaFrom(
  before: Quota & Pick<PlanEntity, 'level'>,
  { requests, kilobytes, ...asked }: Omit<Partial<UpdatePlan>, 'organizationId'>,
): Quota {
  if (requests != null && kilobytes != null) throw invalid('a plan counts requests or kilobytes, not both');
  const quota: Quota = {
    description: asked.description ?? before.description,
    requests: requests ?? (kilobytes == null ? before.requests : null),
    kilobytes: kilobytes ?? (requests == null ? before.kilobytes : null),
    every: asked.every ?? before.every,
    unit: asked.unit ?? before.unit,
    burst: asked.burst === undefined ? before.burst : asked.burst,
    countedBy: asked.countedBy ?? before.countedBy,
  };
  checkText('description', quota.description);
  if (quota.requests === null && quota.kilobytes === null)
    throw invalid('a plan needs a number of requests or kilobytes');
  if ((before.level === 'custom') !== quota.countedBy.length > 0)
    throw invalid('countedBy is for plans of the level custom, which need it');
  return quota;
}

async function planNamed(manager: EntityManager, { organizationId, level, plan }: NamePlan): Promise<PlanEntity> {
  const known = PLAN_LEVELS.find((one) => one === level);
  const found =
    known === undefined || plan.includes('\0')
      ? null
      : await manager.findOneBy(PlanEntity, { organizationId, level: known, name: plan });
  if (!found) throw notFound('no such plan');
  return found;
}
