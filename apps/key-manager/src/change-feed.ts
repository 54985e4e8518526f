import { FeedFollower, type Bus } from '@keyward/bus';
import type { Empty, Feed } from '@keyward/contracts';
import { appendChange, FeedOwner, inOrganization, type ReadRecords } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';

/** What is held of records that change. */
interface Cache {
  drop(id: string): void;
  clear(): void;
}

/** What is in a feed of the records that have changed. */
export interface Told<R extends object> {
  /** Those of an organization that are there, by their ids. */
  some: (manager: EntityManager, organizationId: string, ids: string[]) => Promise<ReadonlyMap<string, R>>;
  /** All, for a snapshot. */
  all: ReadRecords<R>;
}

/** Nothing: their followers keep caches only. */
export const NOTHING: Told<Empty> = {
  some: (_manager, _organizationId, ids) => Promise.resolve(new Map(ids.map((id) => [id, {}]))),
  all: () => Promise.resolve([]),
};

/**
 * Keeps a cache right in every instance: whoever writes a record says which, and all forget it, here at once, elsewhere when
 * the feed tells them.
 */
export class ChangeFeed<R extends object = Empty> {
  readonly owner: FeedOwner<R>;
  readonly follower: FeedFollower<R>;

  constructor(
    private readonly dataSource: DataSource,
    bus: Bus,
    private readonly feed: Feed<R>,
    private readonly cache: Cache,
    private readonly told: Told<R>,
  ) {
    this.owner = new FeedOwner(dataSource, bus, feed, told.all);
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
        const told = await this.told.some(manager, organizationId, [...ids]);
        for (const id of ids) await appendChange(manager, this.feed, id, told.get(id) ?? null);
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
