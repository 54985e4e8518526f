import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  applicationPlans,
  denyRules,
  plans,
  type ApplicationPlanRecord,
  type Changes,
  type ChangesSince,
  type DenyRuleRecord,
  type Heartbeat,
  type PlanRecord,
  type SnapshotPage,
  type SnapshotPageOf,
} from '@keyward/contracts';
import { Feeds } from './feeds';

/** Answers the followers of the feeds that say how much may pass, and of whom. */
@Controller()
export class TrafficFeedsController {
  constructor(private readonly feeds: Feeds) {}

  @Handle(plans.position)
  plansPosition(): Promise<Heartbeat> {
    return this.feeds.plans.position();
  }

  @Handle(plans.since)
  plansSince(request: ChangesSince): Promise<Changes<PlanRecord>> {
    return this.feeds.plans.since(request);
  }

  @Handle(plans.snapshot)
  plansSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<PlanRecord>> {
    return this.feeds.plans.snapshot(request);
  }

  @Handle(applicationPlans.position)
  applicationPlansPosition(): Promise<Heartbeat> {
    return this.feeds.applicationPlans.position();
  }

  @Handle(applicationPlans.since)
  applicationPlansSince(request: ChangesSince): Promise<Changes<ApplicationPlanRecord>> {
    return this.feeds.applicationPlans.since(request);
  }

  @Handle(applicationPlans.snapshot)
  applicationPlansSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<ApplicationPlanRecord>> {
    return this.feeds.applicationPlans.snapshot(request);
  }

  @Handle(denyRules.position)
  denyRulesPosition(): Promise<Heartbeat> {
    return this.feeds.denyRules.position();
  }

  @Handle(denyRules.since)
  denyRulesSince(request: ChangesSince): Promise<Changes<DenyRuleRecord>> {
    return this.feeds.denyRules.since(request);
  }

  @Handle(denyRules.snapshot)
  denyRulesSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<DenyRuleRecord>> {
    return this.feeds.denyRules.snapshot(request);
  }
}
