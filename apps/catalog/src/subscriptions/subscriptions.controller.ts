import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  applicationPlans,
  Empty,
  findSubscription,
  forgetApplication,
  listSubscriptions,
  subscribe,
  subscriptions as feed,
  unsubscribe,
  updateSubscription,
  type ForgetApplication,
  type ListSubscriptions,
  type NameSubscription,
  type Subscribe,
  type Subscription,
  type SubscriptionPage,
  type SubscriptionState,
  type UpdateSubscription,
} from '@keyward/contracts';
import { inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, In, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import { ApiEntity } from '../apis/api.entity';
import { assertPlans } from '../apis/api-settings';
import { apiNamed } from '../apis/find-api';
import { seenWith } from '../apis/visibility';
import { Feeds } from '../feeds';
import { ApplicationPlanEntity } from '../plans/application-plan.entity';
import { isId } from '../ids';
import { conflict, invalid, notFound } from '../refusals';
import { endSubscriptions } from './end-subscriptions';
import { SubscriptionEntity, subscriptionRecordOf } from './subscription.entity';

/** `catalog.subscription.*`. */
@Controller()
export class SubscriptionsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
  ) {}

  @Handle(subscribe)
  create(request: Subscribe): Promise<Subscription> {
    const { organizationId, applicationId, plan = null } = request;
    return this.feeds.write(organizationId, async (manager, tell) => {
      const api = await apiNamed(manager, request);
      if (api.state !== 'PUBLISHED') throw invalid(`${api.name}:${api.version} is not published`);
      await assertPlans(manager, organizationId, 'subscription', plan === null ? [] : [plan]);
      if (await manager.existsBy(SubscriptionEntity, { organizationId, applicationId, apiId: api.id }))
        throw conflict('the application has a subscription to this API');
      const state: SubscriptionState = api.approvalRequired ? 'ON_HOLD' : 'UNBLOCKED';
      const ids = { organizationId, id: randomUUID(), applicationId, apiId: api.id };
      const subscription: SubscriptionEntity = { ...ids, state, plan, createdAt: new Date() };
      await manager.insert(SubscriptionEntity, subscription);
      tell(feed, subscription.id, subscriptionRecordOf(subscription));
      return subscriptionOf(subscription, api);
    });
  }

  @Handle(listSubscriptions)
  async list({
    organizationId,
    applicationId,
    api,
    after,
    limit,
    seenWith: roles,
  }: ListSubscriptions): Promise<SubscriptionPage> {
    if (after !== undefined && !isId(after)) throw invalid('after is not the end of a page');
    return await inOrganization(this.dataSource, organizationId, async (manager) => {
      const apiId = api == null ? undefined : (await apiNamed(manager, { organizationId, api, seenWith: roles })).id;
      const query = subscriptionsSeenWith(manager, organizationId, roles);
      if (after !== undefined) query.andWhere('subscription.id > :after', { after });
      if (applicationId != null) query.andWhere('subscription.applicationId = :applicationId', { applicationId });
      if (apiId !== undefined) query.andWhere('subscription.apiId = :apiId', { apiId });
      const found = await query
        .orderBy('subscription.id')
        .limit(limit + 1)
        .getMany();
      return pageOf(await describeAll(manager, organizationId, found), limit, ({ id }) => id);
    });
  }

  @Handle(findSubscription)
  async find(request: NameSubscription): Promise<Subscription> {
    return await inOrganization(this.dataSource, request.organizationId, async (manager) =>
      describe(manager, await subscriptionNamed(manager, request)),
    );
  }

  @Handle(updateSubscription)
  update({ state, plan, ...request }: UpdateSubscription): Promise<Subscription> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const before = await subscriptionNamed(manager, request);
      const { organizationId, id } = before;
      if (state != null && state !== before.state && !NEXT[before.state].includes(state))
        throw invalid(`from ${before.state} a subscription becomes ${NEXT[before.state].join(' or ')}, not ${state}`);
      const changes = { state: state ?? before.state, plan: plan === undefined ? before.plan : plan };
      await assertPlans(manager, organizationId, 'subscription', changes.plan === null ? [] : [changes.plan]);
      await manager.update(SubscriptionEntity, { organizationId, id }, changes);
      const subscription = { ...before, ...changes };
      tell(feed, id, subscriptionRecordOf(subscription));
      return describe(manager, subscription);
    });
  }

  @Handle(unsubscribe)
  async delete(request: NameSubscription): Promise<Empty> {
    await this.feeds.write(request.organizationId, async (manager, tell) => {
      const { organizationId, id } = await subscriptionNamed(manager, request);
      await manager.delete(SubscriptionEntity, { organizationId, id });
      tell(feed, id, null);
    });
    return new Empty();
  }

  @Handle(forgetApplication)
  async forget({ organizationId, applicationId }: ForgetApplication): Promise<Empty> {
    await this.feeds.write(organizationId, async (manager, tell) => {
      await endSubscriptions(manager, tell, organizationId, { applicationId });
      await manager.delete(ApplicationPlanEntity, { organizationId, applicationId });
      tell(applicationPlans, applicationId, null);
    });
    return new Empty();
  }
}

/** What may follow on a state: one that waits is approved or rejected, and may be approved after all. */
const NEXT: Record<SubscriptionState, readonly SubscriptionState[]> = {
  ON_HOLD: ['UNBLOCKED', 'REJECTED'],
  REJECTED: ['UNBLOCKED'],
  UNBLOCKED: ['BLOCKED', 'PROD_ONLY_BLOCKED'],
  BLOCKED: ['UNBLOCKED', 'PROD_ONLY_BLOCKED'],
  PROD_ONLY_BLOCKED: ['UNBLOCKED', 'BLOCKED'],
};

async function subscriptionNamed(
  manager: EntityManager,
  { organizationId, subscription, seenWith: roles }: NameSubscription,
): Promise<SubscriptionEntity> {
  const found = isId(subscription)
    ? await subscriptionsSeenWith(manager, organizationId, roles)
        .andWhere('subscription.id = :subscription', { subscription })
        .getOne()
    : null;
  if (!found) throw notFound('no such subscription');
  return found;
}

/** An organization's subscriptions to APIs that who has these roles sees. */
function subscriptionsSeenWith(
  manager: EntityManager,
  organizationId: string,
  roles: string[] | undefined,
): SelectQueryBuilder<SubscriptionEntity> {
  const query = manager
    .createQueryBuilder(SubscriptionEntity, 'subscription')
    .where('subscription.organizationId = :organizationId', { organizationId });
  if (roles === undefined) return query;
  const ofApi = 'api.organizationId = subscription.organizationId AND api.id = subscription.apiId';
  return seenWith(query.innerJoin(ApiEntity, 'api', ofApi), roles);
}

async function describe(manager: EntityManager, subscription: SubscriptionEntity): Promise<Subscription> {
  const [described] = await describeAll(manager, subscription.organizationId, [subscription]);
  if (!described) throw notFound('no such subscription');
  return described;
}

/** An API is not deleted before its subscriptions are. */
async function describeAll(
  manager: EntityManager,
  organizationId: string,
  found: SubscriptionEntity[],
): Promise<Subscription[]> {
  const apis = await manager.findBy(ApiEntity, { organizationId, id: In(found.map(({ apiId }) => apiId)) });
  const byId = new Map(apis.map((api) => [api.id, api]));
  return found.flatMap((subscription) => {
    const api = byId.get(subscription.apiId);
    return api ? [subscriptionOf(subscription, api)] : [];
  });
}

const subscriptionOf = (subscription: SubscriptionEntity, { name, version, context }: ApiEntity): Subscription => ({
  ...subscriptionRecordOf(subscription),
  ...{ api: name, version, context },
  createdAt: subscription.createdAt.toISOString(),
});
