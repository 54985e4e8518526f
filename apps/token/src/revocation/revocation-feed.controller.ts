import { Handle } from '@keyward/bus';
import {
  tokenRevocations,
  type Changes,
  type ChangesSince,
  type Heartbeat,
  type Revocation,
  type SnapshotPage,
  type SnapshotPageOf,
} from '@keyward/contracts';
import { Controller } from '@nestjs/common';
import { RevocationFeed } from './revocation-feed';

/** The feed `token.revocations`. */
@Controller()
export class RevocationFeedController {
  constructor(private readonly feed: RevocationFeed) {}

  @Handle(tokenRevocations.position)
  position(): Promise<Heartbeat> {
    return this.feed.position();
  }

  @Handle(tokenRevocations.since)
  since(request: ChangesSince): Promise<Changes<Revocation>> {
    return this.feed.since(request);
  }

  @Handle(tokenRevocations.snapshot)
  snapshot(request: SnapshotPageOf): Promise<SnapshotPage<Revocation>> {
    return this.feed.snapshot(request);
  }
}
