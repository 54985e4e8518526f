import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  findApplication,
  findSubscription,
  listSubscriptions,
  subscribe,
  unsubscribe,
  updateSubscription,
  type Subscription,
  type SubscriptionPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewSubscription, SubscriptionChanges, SubscriptionQuery } from './bodies';
import { SeenWith } from './bearer.guard';
import { Management, ManagementBus } from './management';

/** Applications are the key manager's, so it says which one a name is. */
@Management('/:orgkey/subscriptions', 'subscriptions', 'publisher')
export class SubscriptionsController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  async list(
    @Param('orgkey') orgkey: string,
    @Query() { application, ...query }: SubscriptionQuery,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<SubscriptionPage> {
    const applicationId = application && (await this.applicationId(orgkey, application, call));
    return this.services.call(listSubscriptions, orgkey, { ...query, applicationId, seenWith }, call);
  }

  /** It waits for approval where the API says so. */
  @Post()
  async create(
    @Param('orgkey') orgkey: string,
    @Body() { application, ...body }: NewSubscription,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Subscription> {
    const applicationId = await this.applicationId(orgkey, application, call);
    return this.services.call(subscribe, orgkey, { ...body, applicationId, seenWith }, call);
  }

  @Get(':subscription')
  find(
    @Param('orgkey') orgkey: string,
    @Param('subscription') subscription: string,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Subscription> {
    return this.services.call(findSubscription, orgkey, { subscription, seenWith }, call);
  }

  /** Approves, rejects, blocks and unblocks it, or gives it another plan. */
  @Patch(':subscription')
  update(
    @Param('orgkey') orgkey: string,
    @Param('subscription') subscription: string,
    @Body() body: SubscriptionChanges,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Subscription> {
    return this.services.call(updateSubscription, orgkey, { ...body, subscription, seenWith }, call);
  }

  @Delete(':subscription')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('subscription') subscription: string,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(unsubscribe, orgkey, { subscription, seenWith }, call);
  }

  private async applicationId(orgkey: string, application: string, call: Call): Promise<string> {
    return (await this.services.call(findApplication, orgkey, { application }, call)).id;
  }
}
