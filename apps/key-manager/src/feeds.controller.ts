import { Handle } from '@keyward/bus';
import {
  consumerKeyChanges,
  signingKeyChanges,
  type Changes,
  type ChangesSince,
  type ClientRecord,
  type Empty,
  type Heartbeat,
  type SnapshotPage,
  type SnapshotPageOf,
} from '@keyward/contracts';
import { Controller } from '@nestjs/common';
import { ConsumerKeyChanges } from './consumer-keys/consumer-key-changes';
import { SigningKeyChanges } from './signing-keys/signing-key-changes';

/** Answers the followers of both feeds; those of signing keys keep caches only, so their snapshot is empty. */
@Controller()
export class FeedsController {
  constructor(
    private readonly consumerKeys: ConsumerKeyChanges,
    private readonly signingKeys: SigningKeyChanges,
  ) {}

  @Handle(consumerKeyChanges.position)
  consumerKeysPosition(): Promise<Heartbeat> {
    return this.consumerKeys.owner.position();
  }

  @Handle(consumerKeyChanges.since)
  consumerKeysSince(request: ChangesSince): Promise<Changes<ClientRecord>> {
    return this.consumerKeys.owner.since(request);
  }

  @Handle(consumerKeyChanges.snapshot)
  consumerKeysSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<ClientRecord>> {
    return this.consumerKeys.owner.snapshot(request);
  }

  @Handle(signingKeyChanges.position)
  signingKeysPosition(): Promise<Heartbeat> {
    return this.signingKeys.owner.position();
  }

  @Handle(signingKeyChanges.since)
  signingKeysSince(request: ChangesSince): Promise<Changes<Empty>> {
    return this.signingKeys.owner.since(request);
  }

  @Handle(signingKeyChanges.snapshot)
  signingKeysSnapshot(request: SnapshotPageOf): Promise<SnapshotPage<Empty>> {
    return this.signingKeys.owner.snapshot(request);
  }
}
