import { FeedFollower, type Bus } from '@keyward/bus';
import {
  apiKeys,
  apis,
  applicationPlans,
  consumerKeyChanges,
  denyRules,
  plans,
  ServiceError,
  subscriptions,
  trustedIssuers,
  type ClientRecord,
  type SubscriptionRecord,
} from '@keyward/contracts';
import { TrustedIssuers } from './issuers/trusted-issuers';
import { ApiKeys } from './tokens/api-keys';
import { RouteTable } from './route-table';
import { Denials } from './throttling/denials';
import { Plans } from './throttling/plans';

/** What the gateway knows of APIs and of who may call them, in memory, as the feeds of their owners tell it. */
export class Knowledge {
  readonly routes = new RouteTable();
  readonly apiKeys = new ApiKeys();
  readonly issuers = new TrustedIssuers();
  readonly plans = new Plans();
  readonly denials = new Denials();
  private readonly subscriptionsById = new Map<string, SubscriptionRecord>();
  /** By API, then by application. */
  private readonly subscriptionsOf = new Map<string, Map<string, SubscriptionRecord>>();
  private readonly clients = new Map<string, ClientRecord>();
  private readonly clientFeed: FeedFollower<ClientRecord>;
  private readonly followers: FeedFollower<object>[];

  /** `degradedLimitMs`: how long a copy that nobody keeps right any more is still served. */
  constructor(
    bus: Bus,
    private readonly degradedLimitMs: number,
  ) {
    this.clientFeed = new FeedFollower(bus, consumerKeyChanges, {
      apply: (id, record) => (record ? this.clients.set(id, record) : this.clients.delete(id)),
      reset: () => this.clients.clear(),
    });
    this.followers = [
      this.clientFeed,
      new FeedFollower(bus, apis, {
        apply: (id, record) => this.routes.apply(id, record),
        reset: () => this.routes.clear(),
      }),
      new FeedFollower(bus, subscriptions, {
        apply: (id, record) => this.applySubscription(id, record),
        reset: () => {
          this.subscriptionsById.clear();
          this.subscriptionsOf.clear();
        },
      }),
      new FeedFollower(bus, apiKeys, {
        apply: (id, record) => this.apiKeys.apply(id, record),
        reset: () => this.apiKeys.clear(),
      }),
      new FeedFollower(bus, trustedIssuers, {
        apply: (id, record) => this.issuers.apply(id, record),
        reset: () => this.issuers.clear(),
      }),
      new FeedFollower(bus, plans, {
        apply: (id, record) => this.plans.apply(id, record),
        reset: () => this.plans.clear(),
      }),
      new FeedFollower(bus, applicationPlans, {
        apply: (id, record) => this.plans.applyApplication(id, record),
        reset: () => this.plans.clearApplications(),
      }),
      new FeedFollower(bus, denyRules, {
        apply: (id, record) => this.denials.apply(id, record),
        reset: () => this.denials.clear(),
      }),
    ] as FeedFollower<object>[];
  }

  /** Resolves with the first snapshots; follows until `stop`. */
  async start(): Promise<void> {
    await Promise.all(this.followers.map((follower) => follower.start()));
  }

  stop(): void {
    for (const follower of this.followers) follower.stop();
  }

  get state(): 'starting' | 'current' | 'degraded' {
    const states = this.followers.map(({ state }) => state);
    return states.find((state) => state === 'starting') ?? states.find((state) => state === 'degraded') ?? 'current';
  }

  /** Throws `temporarily_unavailable` while too little is known to say who may pass. */
  assertKnown(): void {
    for (const follower of this.followers)
      if (!follower.isHeardWithin(this.degradedLimitMs)) throw unknown('routes unknown');
  }

  client(clientId: string): ClientRecord | undefined {
    return this.clients.get(clientId);
  }

  /**
   * For a client that a genuine token names: it may be newer than what was heard. Throws `temporarily_unavailable` when its
   * owner does not answer.
   */
  async clientNow(clientId: string): Promise<ClientRecord | undefined> {
    const answered = await this.clientFeed.catchUp();
    const client = this.clients.get(clientId);
    if (!client && !answered) throw unknown('client unknown');
    return client;
  }

  subscription(apiId: string, applicationId: string): SubscriptionRecord | undefined {
    return this.subscriptionsOf.get(apiId)?.get(applicationId);
  }

  private applySubscription(id: string, record: SubscriptionRecord | null): void {
    const before = this.subscriptionsById.get(id);
    if (before) {
      const others = this.subscriptionsOf.get(before.apiId);
      others?.delete(before.applicationId);
      if (others?.size === 0) this.subscriptionsOf.delete(before.apiId);
      this.subscriptionsById.delete(id);
    }
    if (!record) return;
    this.subscriptionsById.set(id, record);
    const ofApi = this.subscriptionsOf.get(record.apiId) ?? new Map<string, SubscriptionRecord>();
    this.subscriptionsOf.set(record.apiId, ofApi.set(record.applicationId, record));
  }
}

const unknown = (detail: string) => new ServiceError('temporarily_unavailable', undefined, { detail, retryAfter: 1 });
