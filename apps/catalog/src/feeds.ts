import type { Bus } from '@keyward/bus';
import {
  apis,
  applicationPlans,
  denyRules,
  plans,
  scopes,
  subscriptions,
  type ApiRoute,
  type ApplicationPlanRecord,
  type DenyRuleRecord,
  type Feed,
  type PlanRecord,
  type ScopeRecord,
  type SubscriptionRecord,
} from '@keyward/contracts';
import { appendChange, FeedOwner, inOrganization, query, type ReadRecords } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { routeOf } from './apis/api.entity';
import { denyRuleRecordOf, type DenyRuleEntity } from './deny-rules/deny-rule.entity';
import { applicationPlanRecordOf, type ApplicationPlanEntity } from './plans/application-plan.entity';
import { planRecordOf } from './plans/plan.entity';
import { scopeRecordOf } from './scopes/scope.entity';
import { subscriptionRecordOf } from './subscriptions/subscription.entity';

/** Says that a record is now this, `null` that it is gone. */
export type Tell = <R extends object>(feed: Feed<R>, id: string, record: R | null) => void;

/** The catalog's feeds, and the one way to write what they tell of. */
export class Feeds {
  readonly apis: FeedOwner<ApiRoute>;
  readonly scopes: FeedOwner<ScopeRecord>;
  readonly subscriptions: FeedOwner<SubscriptionRecord>;
  readonly plans: FeedOwner<PlanRecord>;
  readonly applicationPlans: FeedOwner<ApplicationPlanRecord>;
  readonly denyRules: FeedOwner<DenyRuleRecord>;

  constructor(
    private readonly dataSource: DataSource,
    bus: Bus,
  ) {
    this.apis = new FeedOwner(dataSource, bus, apis, reader(dataSource, 'apis', API_COLUMNS, routeOf));
    this.scopes = new FeedOwner(dataSource, bus, scopes, reader(dataSource, 'scopes', SCOPE_COLUMNS, scopeRecordOf));
    this.subscriptions = new FeedOwner(
      dataSource,
      bus,
      subscriptions,
      reader(dataSource, 'subscriptions', SUBSCRIPTION_COLUMNS, subscriptionRecordOf),
    );
    this.plans = new FeedOwner(dataSource, bus, plans, reader(dataSource, 'plans', PLAN_COLUMNS, planRecordOf));
    this.applicationPlans = new FeedOwner(
      dataSource,
      bus,
      applicationPlans,
      reader(dataSource, 'application_plans', APPLICATION_PLAN_COLUMNS, (row: Named<ApplicationPlanEntity>) =>
        applicationPlanRecordOf(row),
      ),
    );
    this.denyRules = new FeedOwner(
      dataSource,
      bus,
      denyRules,
      reader(dataSource, 'deny_rules', DENY_RULE_COLUMNS, (row: DenyRuleEntity) => denyRuleRecordOf(row)),
    );
  }

  /**
   * One transaction in an organization, one at a time for each: what APIs, scopes, plans and subscriptions say of each other
   * then holds without a race.
   */
  async write<T>(organizationId: string, work: (manager: EntityManager, tell: Tell) => Promise<T>): Promise<T> {
    const told: { feed: Feed<object>; id: string; record: object | null }[] = [];
    const result = await inOrganization(this.dataSource, organizationId, async (manager) => {
      await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('catalog ' || $1, 0))`, [organizationId]);
      const done = await work(manager, (feed, id, record) => told.push({ feed, id, record }));
      // In one order everywhere: each feed is locked by its first change until the end.
      told.sort((a, b) => (a.feed.name < b.feed.name ? -1 : a.feed.name > b.feed.name ? 1 : 0));
      for (const { feed, id, record } of told) await appendChange(manager, feed, id, record);
      return done;
    });
    for (const [name, owner] of this.owners) if (told.some(({ feed }) => feed.name === name)) void owner.publishNew();
    return result;
  }

  async start(): Promise<void> {
    for (const [, owner] of this.owners) await owner.start();
  }

  stop(): void {
    for (const [, owner] of this.owners) owner.stop();
  }

  private get owners() {
    return [
      [apis.name, this.apis],
      [scopes.name, this.scopes],
      [subscriptions.name, this.subscriptions],
      [plans.name, this.plans],
      [applicationPlans.name, this.applicationPlans],
      [denyRules.name, this.denyRules],
    ] as const;
  }
}

const API_COLUMNS = `id, organization_id AS "organizationId", name, version, context, is_default AS "isDefault", state,
  visibility, upstreams, resources, cors, backend_token AS "backendToken",
  backend_claims AS "backendClaims", accepts, subscription_required AS "subscriptionRequired", plan,
  upstream_plan AS "upstreamPlan"`;
const SCOPE_COLUMNS = `id, organization_id AS "organizationId", name, roles`;
const SUBSCRIPTION_COLUMNS = `id, organization_id AS "organizationId", application_id AS "applicationId",
  api_id AS "apiId", state, plan`;
const PLAN_COLUMNS = `id, organization_id AS "organizationId", level, name, requests, kilobytes, every, unit, burst,
  counted_by AS "countedBy"`;
const APPLICATION_PLAN_COLUMNS = `application_id AS id, organization_id AS "organizationId",
  application_id AS "applicationId", plan`;
const DENY_RULE_COLUMNS = `id, organization_id AS "organizationId", kind, target, active`;

type Named<Row> = Row & { id: string };

/** A snapshot's pages, by the lookup function of the table. */
const reader =
  <Row extends { id: string }, R>(
    dataSource: DataSource,
    table: string,
    columns: string,
    recordOf: (row: Row) => R | null,
  ): ReadRecords<R> =>
  async (after, limit) => {
    const sql = `SELECT ${columns} FROM ${table}_after($1, $2)`;
    const rows = await query<Row>(dataSource, `${table}-after`, sql, [after ?? null, limit]);
    return rows.flatMap((row) => {
      const record = recordOf(row);
      return record === null ? [] : [{ id: row.id, record }];
    });
  };
