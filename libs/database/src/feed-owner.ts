import type {
  Change,
  Changes,
  ChangesSince,
  EventMessage,
  Feed,
  Heartbeat,
  SnapshotPage,
  SnapshotPageOf,
} from '@keyward/contracts';
import type { DataSource } from 'typeorm';
import { query } from './data-source';
import { inTransaction } from './tenancy';

const TICK_MS = 500;
const TRIM_EVERY_TICKS = 600;
const KEPT_CHANGES = 10_000;
const PAGE_CHANGES = 100;
/** Far below the wire's limit of 1 MiB for a message. */
const PAGE_BYTES = 256 * 1024;

/** What a feed's owner needs of the bus. */
export interface Publisher {
  publish<Payload extends object>(event: EventMessage<Payload>, payload: Payload): void;
}

/** Up to `limit` records in the order of their ids, after the one named, of every organization. */
export type ReadRecords<R> = (after: string | undefined, limit: number) => Promise<{ id: string; record: R }[]>;

interface ChangeRow<R> {
  newest: string;
  position: string | null;
  id: string;
  record: R | null;
}

/** The owner's side of a feed, in each of its instances: says what has changed, and answers who missed it. */
export class FeedOwner<R extends object> {
  /** Everything up to here has been said, by this instance or by a heartbeat. */
  private said = 0;
  private ticks = 0;
  private timer?: NodeJS.Timeout;
  /** One at a time: while PostgreSQL hangs, they must not take up the pool. */
  private ticking?: Promise<void>;
  private publishing?: Promise<void>;
  private again = false;

  constructor(
    private readonly dataSource: DataSource,
    private readonly bus: Publisher,
    private readonly feed: Feed<R>,
    private readonly readRecords: ReadRecords<R>,
  ) {}

  /** Begins to say the newest position every 500 ms. */
  async start(): Promise<void> {
    this.said = await this.newest();
    this.timer = setInterval(() => void (this.ticking ??= this.tick()), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** Publishes what has been committed: call it after the transaction. Never fails; a heartbeat tells what it could not. */
  publishNew(): Promise<void> {
    if (this.publishing) {
      this.again = true;
      return this.publishing;
    }
    return (this.publishing = this.publishAll());
  }

  async position(): Promise<Heartbeat> {
    return { position: await this.newest() };
  }

  /** Up to 100 changes or some 256 KiB. */
  async since({ position }: ChangesSince): Promise<Changes<R>> {
    const rows = await query<ChangeRow<R>>(
      this.dataSource,
      'feed-since',
      `SELECT newest.position AS newest, c.position, c.id, c.record
         FROM (SELECT coalesce(max(position), 0) AS position FROM feed_positions WHERE feed = $1) AS newest
         LEFT JOIN LATERAL (SELECT * FROM feed_changes WHERE feed = $1 AND position > $2 AND position <= newest.position
           ORDER BY position LIMIT ${PAGE_CHANGES + 1}) AS c ON true ORDER BY c.position`,
      [this.feed.name, position],
    );
    const newest = Number(rows[0]?.newest);
    const found = rows.flatMap(({ position, id, record }): Change<R>[] =>
      position === null ? [] : [{ position: Number(position), id, record }],
    );
    // Positions have no gaps: the next one missing was trimmed. An asker ahead of us knows a database before a restore.
    if (position > newest || (position < newest && found[0]?.position !== position + 1))
      return { changes: [], more: false, gone: true };
    const changes = fitting(found, PAGE_CHANGES);
    return { changes, more: changes.length < found.length, gone: false };
  }

  /** The position is read before the records: what changes in between is in the changes after it. */
  async snapshot({ after, limit }: SnapshotPageOf): Promise<SnapshotPage<R>> {
    const position = await this.newest();
    const found = await this.readRecords(after, limit + 1);
    const records = fitting(found, limit);
    return { position, records, more: records.length < found.length };
  }

  /** Forgets all but the last 10,000 changes, and those older than a day; done by itself every five minutes. */
  async trim(): Promise<void> {
    await inTransaction(this.dataSource, (manager) =>
      manager.query(
        `DELETE FROM feed_changes WHERE feed = $1 AND position <= greatest(
           (SELECT position - ${KEPT_CHANGES} FROM feed_positions WHERE feed = $1),
           (SELECT max(position) FROM feed_changes WHERE feed = $1 AND at < now() - interval '1 day'))`,
        [this.feed.name],
      ),
    );
  }

  private async newest(): Promise<number> {
    const sql = `SELECT position FROM feed_positions WHERE feed = $1`;
    const [row] = await query<{ position: string }>(this.dataSource, 'feed-position', sql, [this.feed.name]);
    return Number(row?.position ?? 0);
  }

  private async publishAll(): Promise<void> {
    try {
      for (let more = true; more;) {
        this.again = false;
        const page = await this.since({ position: this.said });
        for (const change of page.changes) this.bus.publish(this.feed.changed, change);
        this.said = page.gone ? await this.newest() : (page.changes.at(-1)?.position ?? this.said);
        more = page.more || this.again;
      }
    } catch {
      // The change is committed and the next heartbeat tells of it.
    } finally {
      this.publishing = undefined;
    }
  }

  /** A position that is news here was published by another instance, or by none: who missed it asks. */
  private async tick(): Promise<void> {
    try {
      const position = await this.newest();
      if (!this.publishing) this.said = position;
      this.bus.publish(this.feed.heartbeat, { position });
      if (++this.ticks % TRIM_EVERY_TICKS === 0) await this.trim();
    } catch {
      // Without PostgreSQL or the wire there is no heartbeat: followers say that they are degraded.
    } finally {
      this.ticking = undefined;
    }
  }
}

/** The longest beginning within `limit` items and PAGE_BYTES, and at least one item. */
function fitting<T>(items: T[], limit: number): T[] {
  let bytes = 0;
  const end = items.findIndex((item, i) => {
    bytes += Buffer.byteLength(JSON.stringify(item));
    return i === limit || (i > 0 && bytes > PAGE_BYTES);
  });
  return end < 0 ? items : items.slice(0, end);
}
