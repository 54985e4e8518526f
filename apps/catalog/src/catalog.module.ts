import { Module, type DynamicModule } from '@nestjs/common';
import { feedController } from '@keyward/bus';
import { apis, applicationPlans, denyRules, plans, scopes, subscriptions } from '@keyward/contracts';
import { DataSource } from 'typeorm';
import { ApisController } from './apis/apis.controller';
import { OpenApiReader } from './apis/openapi/reader';
import { Feeds } from './feeds';
import { DenyRulesController } from './deny-rules/deny-rules.controller';
import { ApplicationPlansController } from './plans/application-plans.controller';
import { PlansController } from './plans/plans.controller';
import { QuotasController } from './quotas/quotas.controller';
import { ScopesController } from './scopes/scopes.controller';
import { UsageController } from './usage/usage.controller';
import { SubscriptionsController } from './subscriptions/subscriptions.controller';

/** What the catalog's controllers work with. */
export interface CatalogParts {
  dataSource: DataSource;
  feeds: Feeds;
}

/** Answers all of `catalog.*`. */
@Module({})
export class CatalogModule {
  static with({ dataSource, feeds }: CatalogParts): DynamicModule {
    return {
      module: CatalogModule,
      controllers: [
        ...[ApisController, ScopesController, PlansController, SubscriptionsController],
        ...[ApplicationPlansController, QuotasController, DenyRulesController, UsageController],
        feedController(apis, feeds.apis),
        feedController(scopes, feeds.scopes),
        feedController(subscriptions, feeds.subscriptions),
        feedController(plans, feeds.plans),
        feedController(applicationPlans, feeds.applicationPlans),
        feedController(denyRules, feeds.denyRules),
      ],
      providers: [{ provide: DataSource, useValue: dataSource }, { provide: Feeds, useValue: feeds }, OpenApiReader],
    };
  }
}
