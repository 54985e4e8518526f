import { FeedFollower, type Bus } from '@keyward/bus';
import { organizations, ServiceError, type Organization } from '@keyward/contracts';
import { DEGRADED_LIMIT_MS } from './degraded-limit';

/** Every organization, in memory, as the directory's feed tells it. */
export class Organizations {
  private readonly byId = new Map<string, Organization>();
  private readonly byKey = new Map<string, Organization>();
  private readonly follower: FeedFollower<Organization>;

  /** `degradedLimitMs`: how long a copy that nobody keeps right any more is still served. */
  constructor(
    bus: Bus,
    private readonly degradedLimitMs = DEGRADED_LIMIT_MS,
  ) {
    this.follower = new FeedFollower(bus, organizations, {
      apply: (id, record) => this.apply(id, record),
      reset: () => {
        this.byId.clear();
        this.byKey.clear();
      },
    });
  }

  /** Resolves with the first snapshot; follows until `stop`. */
  start(): Promise<void> {
    return this.follower.start();
  }

  stop(): void {
    this.follower.stop();
  }

  get state(): 'starting' | 'current' | 'degraded' {
    return this.follower.state;
  }

  /** An organization that is not suspended. Errors: `temporarily_unavailable` while nothing certain is known. */
  active(id: string): Organization | undefined {
    return activeOnly(this.known(this.byId, id));
  }

  /** The same by its key, in lower case. */
  activeByKey(key: string): Organization | undefined {
    return activeOnly(this.known(this.byKey, key));
  }

  /** As `active`, for one that may be newer than what was heard: the directory is asked before it counts as unknown. */
  async activeNow(id: string): Promise<Organization | undefined> {
    if (!this.known(this.byId, id)) await this.follower.catchUp();
    return this.active(id);
  }

  /** As `activeByKey`, likewise. */
  async activeByKeyNow(key: string): Promise<Organization | undefined> {
    if (!this.known(this.byKey, key)) await this.follower.catchUp();
    return this.activeByKey(key);
  }

  private known(map: ReadonlyMap<string, Organization>, name: string): Organization | undefined {
    if (!this.follower.isHeardWithin(this.degradedLimitMs))
      throw new ServiceError('temporarily_unavailable', undefined, { detail: 'organizations unknown', retryAfter: 1 });
    return map.get(name);
  }

  private apply(id: string, record: Organization | null): void {
    const before = this.byId.get(id);
    if (before) this.byKey.delete(before.key);
    if (!record) this.byId.delete(id);
    else {
      this.byId.set(id, record);
      this.byKey.set(record.key, record);
    }
  }
}

const activeOnly = (organization: Organization | undefined): Organization | undefined =>
  organization?.state === 'active' ? organization : undefined;
