import { FeedFollower, type Bus } from '@keyward/bus';
import { apis, scopes, ServiceError, subscriptions } from '@keyward/contracts';
import { DEGRADED_LIMIT_MS } from '@keyward/runtime';
import { ScopeTable, type ScopedClient, type ScopedUser } from './scope-table';

/** The scopes of every organization's APIs, in memory, as the catalog's feeds tell them: a grant asks nobody. */
export class Catalog {
  private readonly table = new ScopeTable();
  private readonly followers: readonly Pick<FeedFollower<object>, 'start' | 'stop' | 'state' | 'isHeardWithin'>[];

  constructor(bus: Bus) {
    const { table } = this;
    this.followers = [
      new FeedFollower(bus, apis, {
        apply: (id, record) => table.applyApi(id, record),
        reset: () => table.clearApis(),
      }),
      new FeedFollower(bus, subscriptions, {
        apply: (id, record) => table.applySubscription(id, record),
        reset: () => table.clearSubscriptions(),
      }),
      new FeedFollower(bus, scopes, {
        apply: (id, record) => table.applyScope(id, record),
        reset: () => table.clearScopes(),
      }),
    ];
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
    return (['starting', 'degraded'] as const).find((state) => states.includes(state)) ?? 'current';
  }

  /**
   * Whether a user, or without one the client itself, may have a scope: an API that the application may call defines it, and
   * the user has one of its roles (TE-08). Errors: `temporarily_unavailable` while nothing certain is known.
   */
  allows(scope: string, client: ScopedClient, user: ScopedUser | undefined): boolean {
    if (!this.followers.every((follower) => follower.isHeardWithin(DEGRADED_LIMIT_MS)))
      throw new ServiceError('temporarily_unavailable', undefined, { detail: 'scopes unknown', retryAfter: 1 });
    return this.table.allows(scope, client, user);
  }
}
