import { Empty, ServiceError, type Change, type Feed } from '@keyward/contracts';
import type { Bus } from './bus';
import { startCall } from './call';

const CALL_MS = 2000;
const RETRY_MS = 250;
/** Four heartbeats missed. */
const STALE_MS = 2000;
const PAGE = 500;
const ASK_EVERY_MS = 100;
const CATCH_UP_MS = 500;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a follower does with what it hears. */
export interface Follow<R> {
  /** A record's newest state, `null` when it is gone. */
  apply(id: string, record: R | null): void;
  /** Forget everything: all that is known now follows at once, or, without a snapshot, is asked for when needed. */
  reset(): void;
  /** `false` follows changes only, for those who keep nothing but a cache. */
  snapshot?: boolean;
}

/**
 * Keeps a copy of another service's records right: a snapshot, then every change in order; a gap, or a heartbeat that
 * knows more, is filled by asking. Cut off, it is `degraded` and says for how long.
 */
export class FeedFollower<R extends object> {
  private position = -1;
  private heardAt = 0;
  private stopped = false;
  private syncing?: Promise<void>;
  private catching?: Promise<boolean>;
  private caughtUpAt = 0;
  private readonly unsubscribe: (() => void)[] = [];

  constructor(
    private readonly bus: Bus,
    private readonly feed: Feed<R>,
    private readonly follow: Follow<R>,
  ) {}

  /** Resolves once the first snapshot is here; until then it keeps asking. */
  async start(): Promise<void> {
    this.unsubscribe.push(
      this.bus.subscribe(this.feed.changed, (change) => this.onChange(change)),
      this.bus.subscribe(this.feed.heartbeat, ({ position }) => this.onHeartbeat(position)),
    );
    await this.sync();
  }

  stop(): void {
    this.stopped = true;
    this.unsubscribe.splice(0).forEach((stop) => stop());
  }

  get state(): 'starting' | 'current' | 'degraded' {
    if (this.position < 0) return 'starting';
    return this.staleForMs > 0 ? 'degraded' : 'current';
  }

  /** How long the owner has not been heard, beyond the usual; 0 when it has. */
  get staleForMs(): number {
    const silent = Date.now() - this.heardAt;
    return silent > STALE_MS ? silent : 0;
  }

  /** Whether there is something to go by: a first snapshot, and word of the owner within this time. */
  isHeardWithin(ms: number): boolean {
    return this.position >= 0 && Date.now() - this.heardAt <= ms;
  }

  /**
   * Asks the owner now: for who misses a record that may be newer than what was heard. Shared by all who ask and at most
   * ten times a second, so that made-up names cost little; half a second at most. Says whether the owner has answered: what
   * is not there then is nowhere.
   */
  catchUp(): Promise<boolean> {
    this.catching ??= Promise.race([this.askSoon(), sleep(CATCH_UP_MS).then(() => false)]);
    return this.catching;
  }

  private async askSoon(): Promise<boolean> {
    await sleep(Math.max(0, this.caughtUpAt + ASK_EVERY_MS - Date.now()));
    await this.syncing; // begun earlier, it may have read before what is missed was written
    this.catching = undefined; // who comes from here on needs another answer
    this.caughtUpAt = Date.now();
    await this.sync();
    return !this.stopped;
  }

  private onChange({ position, id, record }: Change<R>): void {
    if (this.position < 0 || position <= this.position) return;
    this.heardAt = Date.now();
    if (position !== this.position + 1 || this.syncing) {
      void this.sync();
      return;
    }
    this.position = position;
    this.follow.apply(id, record);
  }

  private onHeartbeat(position: number): void {
    this.heardAt = Date.now();
    // One that is behind was overtaken by a change, or the owner's data went back: it says which when it is asked.
    if (this.position >= 0 && position !== this.position) void this.sync();
  }

  /** One at a time: brings the copy up to date, however long that takes. */
  private sync(): Promise<void> {
    this.syncing ??= this.untilCurrent().finally(() => (this.syncing = undefined));
    return this.syncing;
  }

  private async untilCurrent(): Promise<void> {
    while (!this.stopped) {
      try {
        if (this.position < 0) await this.takeSnapshot();
        this.heardAt = Date.now();
        await this.takeChanges();
        this.heardAt = Date.now();
        return;
      } catch (error) {
        if (!(error instanceof ServiceError)) throw error;
        await sleep(RETRY_MS);
      }
    }
  }

  private async takeSnapshot(): Promise<void> {
    if (this.follow.snapshot === false) {
      const { position } = await this.bus.call(this.feed.position, new Empty(), startCall(CALL_MS));
      this.follow.reset();
      this.position = position;
      return;
    }
    const all: { id: string; record: R }[] = [];
    let start: number | undefined;
    for (let after: string | undefined, more = true; more; after = all.at(-1)?.id) {
      const page = await this.bus.call(this.feed.snapshot, { after, limit: PAGE }, startCall(CALL_MS));
      start ??= page.position;
      all.push(...page.records);
      more = page.more;
    }
    this.follow.reset();
    for (const { id, record } of all) this.follow.apply(id, record);
    this.position = start ?? 0;
  }

  private async takeChanges(): Promise<void> {
    for (let more = true; more;) {
      const page = await this.bus.call(this.feed.since, { position: this.position }, startCall(CALL_MS));
      if (page.gone) {
        await this.takeSnapshot(); // until it is here, what was known is better than nothing
        continue;
      }
      for (const { position, id, record } of page.changes) {
        this.follow.apply(id, record);
        this.position = position;
      }
      more = page.more;
    }
  }
}
