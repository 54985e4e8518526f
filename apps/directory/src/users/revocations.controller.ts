import { Handle } from '@keyward/bus';
import {
  userRevocations,
  type Changes,
  type ChangesSince,
  type Heartbeat,
  type Revocation,
  type SnapshotPage,
  type SnapshotPageOf,
} from '@keyward/contracts';
import { RevocationOwner } from '@keyward/database';
import { Controller } from '@nestjs/common';

/** The feed `directory.revocations`. */
@Controller()
export class RevocationsController {
  constructor(private readonly owner: RevocationOwner) {}

  @Handle(userRevocations.position)
  position(): Promise<Heartbeat> {
    return this.owner.position();
  }

  @Handle(userRevocations.since)
  since(request: ChangesSince): Promise<Changes<Revocation>> {
    return this.owner.since(request);
  }

  @Handle(userRevocations.snapshot)
  snapshot(request: SnapshotPageOf): Promise<SnapshotPage<Revocation>> {
    return this.owner.snapshot(request);
  }
}
