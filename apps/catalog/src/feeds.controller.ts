import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  apis,
  scopes,
  subscriptions,
  type ApiRoute,
  type Changes,
  type ChangesSince,
  type Heartbeat,
  type ScopeRecord,
  type SnapshotPage,
  type SnapshotPageOf,
  type SubscriptionRecord,
} from '@keyward/contracts';
import { Feeds } from './feeds';

/** Answers the followers of the catalog's feeds. */
@Controller()
export class FeedsController {
  constructor(private readonly feeds: Feeds) {}

  @Handle(apis.position)
  apisPosition(): Promise<Heartbeat> {
    return this.feeds.apis.position();
  }

  @Handle(apis.since)
  apisSince(request: ChangesSince): Promise<Changes<ApiRoute>> {
    return this.feeds.apis.since(request);
  }

  @Handle(apis.snapshot)
  apisSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<ApiRoute>> {
    return this.feeds.apis.snapshot(request);
  }

  @Handle(scopes.position)
  scopesPosition(): Promise<Heartbeat> {
    return this.feeds.scopes.position();
  }

  @Handle(scopes.since)
  scopesSince(request: ChangesSince): Promise<Changes<ScopeRecord>> {
    return this.feeds.scopes.since(request);
  }

  @Handle(scopes.snapshot)
  scopesSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<ScopeRecord>> {
    return this.feeds.scopes.snapshot(request);
  }

  @Handle(subscriptions.position)
  subscriptionsPosition(): Promise<Heartbeat> {
    return this.feeds.subscriptions.position();
  }

  @Handle(subscriptions.since)
  subscriptionsSince(request: ChangesSince): Promise<Changes<SubscriptionRecord>> {
    return this.feeds.subscriptions.since(request);
  }

  @Handle(subscriptions.snapshot)
  subscriptionsSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<SubscriptionRecord>> {
    return this.feeds.subscriptions.snapshot(request);
  }
}
