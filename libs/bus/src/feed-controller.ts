import type { Changes, ChangesSince, Feed, Heartbeat, SnapshotPage, SnapshotPageOf } from '@keyward/contracts';
import { Controller, type Type } from '@nestjs/common';
import { Handle } from './handle';

/** What the owner of a feed answers its followers. */
export interface FeedAnswers<R extends object> {
  position(): Promise<Heartbeat>;
  since(request: ChangesSince): Promise<Changes<R>>;
  snapshot(request: SnapshotPageOf): Promise<SnapshotPage<R>>;
}

/** A controller by which a feed's followers reach its owner. */
export function feedController<R extends object>(feed: Feed<R>, owner: FeedAnswers<R>): Type {
  @Controller()
  class FeedController {
    @Handle(feed.position)
    position(): Promise<Heartbeat> {
      return owner.position();
    }

    @Handle(feed.since)
    since(request: ChangesSince): Promise<Changes<R>> {
      return owner.since(request);
    }

    @Handle(feed.snapshot)
    snapshot(request: SnapshotPageOf): Promise<SnapshotPage<R>> {
      return owner.snapshot(request);
    }
  }
  return FeedController;
}
