import { Module, type DynamicModule } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ApisController } from './apis/apis.controller';
import { OpenApiReader } from './apis/openapi/reader';
import { Feeds } from './feeds';
import { FeedsController } from './feeds.controller';
import { TrafficFeedsController } from './traffic-feeds.controller';
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
        ...[ApisController, ScopesController, PlansController, SubscriptionsController, FeedsController],
        ...[ApplicationPlansController, QuotasController, DenyRulesController, TrafficFeedsController, UsageController],
      ],
      providers: [{ provide: DataSource, useValue: dataSource }, { provide: Feeds, useValue: feeds }, OpenApiReader],
    };
  }
}
