import { Handle } from '@keyward/bus';
import {
  clientRevocations,
  type Changes,
  type ChangesSince,
  type Heartbeat,
  type Revocation,
  type SnapshotPage,
  type SnapshotPageOf,
} from '@keyward/contracts';
import { RevocationOwner } from '@keyward/database';
import { Controller } from '@nestjs/common';

/** The feed `key-manager.revocations`. */
@Controller()
export class RevocationsController {
  constructor(private readonly owner: RevocationOwner) {}

  @Handle(clientRevocations.position)
  position(): Promise<Heartbeat> {
    return this.owner.position();
  }

  @Handle(clientRevocations.since)
  since(request: ChangesSince): Promise<Changes<Revocation>> {
    return this.owner.since(request);
  }

  @Handle(clientRevocations.snapshot)
  snapshot(request: SnapshotPageOf): Promise<SnapshotPage<Revocation>> {
    return this.owner.snapshot(request);
  }
}
