import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { ApiEntity } from './apis/api.entity';
import { DenyRuleEntity } from './deny-rules/deny-rule.entity';
import { Catalog1763700000000 } from './migrations/1763700000000-catalog';
import { Traffic1763930000000 } from './migrations/1763930000000-traffic';
import { Usage1763930000002 } from './migrations/1763930000002-usage';
import { Limits1764020000001 } from './migrations/1764020000001-limits';
import { LargerParts1764090000020 } from './migrations/1764090000020-larger-parts';
import { ApplicationPlanEntity } from './plans/application-plan.entity';
import { PlanEntity } from './plans/plan.entity';
import { ScopeEntity } from './scopes/scope.entity';
import { SubscriptionEntity } from './subscriptions/subscription.entity';

/** What `migrate` needs to know of the catalog. */
export const CATALOG_SCHEMA = {
  schema: 'catalog',
  migrations: [
    Catalog1763700000000,
    Traffic1763930000000,
    Usage1763930000002,
    Limits1764020000001,
    LargerParts1764090000020,
  ],
};

export const catalogDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({
    url,
    caFile,
    poolSize,
    schema: CATALOG_SCHEMA.schema,
    entities: [ApiEntity, PlanEntity, ScopeEntity, SubscriptionEntity, ApplicationPlanEntity, DenyRuleEntity],
  });
