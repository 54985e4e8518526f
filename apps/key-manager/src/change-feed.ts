import { FeedFollower, type Bus } from '@keyward/bus';
import type { Empty, Feed } from '@keyward/contracts';
import { appendChange, FeedOwner, inOrganization } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';

/** What is held of records that change. */
interface Cache {
  drop(id: string): void;
  clear(): void;
}

/**
 * Keeps a cache right in every instance: whoever writes a record says which, and all forget it, here at once, elsewhere when
 * the feed tells them. Nothing of the record is in the feed.
 */
export class ChangeFeed {
  readonly owner: FeedOwner<Empty>;
  readonly follower: FeedFollower<Empty>;

  constructor(
    private readonly dataSource: DataSource,
    bus: Bus,
    private readonly feed: Feed<Empty>,
    private readonly cache: Cache,
  ) {
    this.owner = new FeedOwner(dataSource, bus, feed, () => Promise.resolve([]));
    this.follower = new FeedFollower(bus, feed, {
      apply: (id) => cache.drop(id),
      reset: () => cache.clear(),
      snapshot: false,
    });
  }

  /** One transaction in an organization; `work` names every record that it changes by `changed(id)`. */
  async write<T>(
    organizationId: string,
    work: (manager: EntityManager, changed: (id: string) => void) => Promise<T>,
  ): Promise<T> {
    const ids = new Set<string>();
    try {
      return await inOrganization(this.dataSource, organizationId, async (manager) => {
        const result = await work(manager, (id) => ids.add(id));
        for (const id of ids) await appendChange(manager, this.feed, id, {});
        return result;
      });
    } finally {
      // Also after a failure: one at the commit does not tell whether it was made.
      for (const id of ids) this.cache.drop(id);
      if (ids.size > 0) void this.owner.publishNew();
    }
  }

  stop(): void {
    this.owner.stop();
    this.follower.stop();
  }
}
