import { FeedFollower, type Bus } from '@keyward/bus';
import {
  clientRevocations,
  familyOf,
  ServiceError,
  tokenRevocations,
  userRevocations,
  type Feed,
  type RevocableClaims,
  type Revocation,
} from '@keyward/contracts';
import { DEGRADED_LIMIT_MS } from './degraded-limit';
import { RevocationList } from './revocation-list';

const EXPIRE_EVERY_MS = 60_000;

/** What is followed, and which ends count. */
export interface RevocationOptions {
  /** Whether a changed password ends what was granted before it: the setting REVOKE_ON_PASSWORD_CHANGE. */
  passwordChange: boolean;
  /** How long a copy that nobody keeps right any more is still trusted, milliseconds. */
  degradedLimitMs?: number;
  /** All when absent. */
  feeds?: readonly Feed<Revocation>[];
}

/**
 * Every access token that ended before its time, in memory, as the feeds of those who end them tell it. What concerns no
 * living token any more is forgotten, so it holds the revocations of a day at most.
 */
export class Revocations {
  private readonly lists: RevocationList[] = [];
  private readonly followers: FeedFollower<Revocation>[] = [];
  private readonly passwordChange: boolean;
  private readonly degradedLimitMs: number;
  private timer?: NodeJS.Timeout;

  constructor(bus: Bus, { passwordChange, degradedLimitMs = DEGRADED_LIMIT_MS, feeds }: RevocationOptions) {
    this.passwordChange = passwordChange;
    this.degradedLimitMs = degradedLimitMs;
    for (const feed of feeds ?? [tokenRevocations, userRevocations, clientRevocations]) {
      const list = new RevocationList();
      const apply = (id: string, record: Revocation | null) => list.apply(id, record);
      this.lists.push(list);
      this.followers.push(new FeedFollower(bus, feed, { apply, reset: () => list.clear() }));
    }
  }

  /** Resolves with the first snapshots; follows until `stop`. */
  async start(): Promise<void> {
    this.timer = setInterval(() => this.expire(Date.now() / 1000), EXPIRE_EVERY_MS);
    this.timer.unref();
    await Promise.all(this.followers.map((follower) => follower.start()));
  }

  stop(): void {
    clearInterval(this.timer);
    for (const follower of this.followers) follower.stop();
  }

  get state(): 'starting' | 'current' | 'degraded' {
    const states = this.followers.map(({ state }) => state);
    return (['starting', 'degraded'] as const).find((state) => states.includes(state)) ?? 'current';
  }

  /** How many are held. */
  get size(): number {
    return this.lists.reduce((sum, list) => sum + list.size, 0);
  }

  /**
   * Whether an access token that is genuine and not expired was revoked. `organizationId` is its issuer's,
   * `userOrganizationId` that of its user; that neither is suspended is what `Organizations` says. Asks nobody. Errors:
   * `temporarily_unavailable` before the first snapshot, and when an owner was not heard for longer than the limit.
   */
  isRevoked(claims: RevocableClaims, organizationId: string, userOrganizationId = organizationId): boolean {
    this.assertKnown();
    const { jti, sub, client_id: clientId, iat, sid } = claims;
    const signedIn = claims.auth_time ?? iat;
    const family = familyOf(jti);
    for (const list of this.lists)
      if (
        list.hasEnded('token', jti, iat) ||
        (family !== undefined && list.hasEnded('family', family, iat)) ||
        (sid !== undefined && list.hasEnded('session', sid, iat)) ||
        list.hasEnded('user', sub, signedIn) ||
        (this.passwordChange && list.hasEnded('password', sub, signedIn)) ||
        list.hasEnded('client', clientId, iat) ||
        list.hasEnded('organization', organizationId, iat) ||
        (userOrganizationId !== organizationId && list.hasEnded('organization', userOrganizationId, iat))
      )
        return true;
    return false;
  }

  /** Whether nothing signed with this key is to be believed any more: somebody else may have it. */
  isKeyRevoked(kid: string): boolean {
    return this.lists.some((list) => list.hasEnded('signing-key', kid, 0));
  }

  /** Forgets what concerns no living token at that time, Unix seconds; done by itself every minute. */
  expire(now: number): void {
    for (const list of this.lists) list.expire(now);
  }

  private assertKnown(): void {
    for (const follower of this.followers)
      if (!follower.isHeardWithin(this.degradedLimitMs))
        throw new ServiceError('temporarily_unavailable', undefined, { detail: 'revocations unknown', retryAfter: 1 });
  }
}
