import { Injectable, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Bus, FeedFollower } from '@keyward/bus';
import { organizations, ROOT_ORGANIZATION, ServiceError, type Organization } from '@keyward/contracts';

/** How long the gateway goes on with what it knows when the directory is not heard, milliseconds. */
const SERVED_DEGRADED_MS = 5 * 60_000;

/** Every organization, in memory. */
@Injectable()
export class Organizations implements OnModuleInit, OnApplicationShutdown {
  private readonly byId = new Map<string, Organization>();
  private readonly byKey = new Map<string, Organization>();
  private readonly follower: FeedFollower<Organization>;

  constructor(bus: Bus) {
    this.follower = new FeedFollower(bus, organizations, {
      apply: (id, record) => this.apply(id, record),
      reset: () => [this.byId, this.byKey].forEach((map) => map.clear()),
    });
  }

  onModuleInit(): void {
    void this.follower.start();
  }

  onApplicationShutdown(): void {
    this.follower.stop();
  }

  get state(): FeedFollower<Organization>['state'] {
    return this.follower.state;
  }

  /**
   * The active organization of a path, `root` when there is none in it. Throws `not_found`, one for unknown and suspended
   * ones (DS-07); `temporarily_unavailable` when too little is known to tell.
   */
  at(orgkey: string = ROOT_ORGANIZATION.key): Organization {
    if (this.state === 'starting' || this.follower.staleForMs > SERVED_DEGRADED_MS)
      throw new ServiceError('temporarily_unavailable', undefined, { retryAfter: 1 });
    const organization = this.byKey.get(orgkey.toLowerCase());
    if (organization?.state !== 'active') throw new ServiceError('not_found');
    return organization;
  }

  private apply(id: string, record: Organization | null): void {
    const known = this.byId.get(id);
    if (known) this.byKey.delete(known.key);
    this.byId.delete(id);
    if (!record) return;
    this.byId.set(id, record);
    this.byKey.set(record.key, record);
  }
}
