import { createHmac } from 'node:crypto';
import { ServiceError } from '@keyward/contracts';
import { query } from '@keyward/database';
import { addressRange } from '@keyward/runtime';
import type { LoggerService } from '@nestjs/common';
import type { DataSource } from 'typeorm';
import { BoundedMap } from '../bounded-map';

/** Failures borne: of one client from one address in a minute, and from one address in five. */
export interface FailureLimitSettings {
  clientFailures: number;
  addressFailures: number;
}

/** One thing whose failures are counted. */
interface Counted {
  kind: 'client' | 'address';
  name: string;
  limit: number;
  windowMs: number;
}

interface Count {
  failures: number;
  /** Unix milliseconds. */
  windowEnds: number;
}

const REMEMBERED = 20_000;
const SLOTS = 65_536;

// Both counts in one round trip, and without waiting for the disk: what a crash forgets is a few failures. The window
// begins with its first failure; rows are locked in the order of their kinds, so two of these cannot wait for each other.
const COUNT = `
  WITH quick AS (SELECT set_config('synchronous_commit', 'off', true))
  INSERT INTO failure_buckets AS b (kind, slot, failures, window_ends)
    SELECT n.kind, n.slot, 1, n.window_ends
    FROM quick, unnest($1::text[], $2::int[], $3::timestamptz[]) AS n (kind, slot, window_ends) ORDER BY n.kind
  ON CONFLICT (kind, slot) DO UPDATE SET
    failures = CASE WHEN b.window_ends <= $4 THEN 1 ELSE b.failures + 1 END,
    window_ends = CASE WHEN b.window_ends <= $4 THEN excluded.window_ends ELSE b.window_ends END
  RETURNING kind, failures, window_ends AS "windowEnds"`;

/**
 * Limits of wrong client secrets (BF-20). Counters are in the database, in a fixed number of slots found by keyed hash,
 * so that made-up names fill no table and nobody can choose whose slot they hit. What is over its limit is remembered here
 * until its window ends: a success asks nobody. Nothing is ever locked for longer than a window.
 */
export class FailureLimits {
  private readonly counts = new BoundedMap<Count>(REMEMBERED);

  constructor(
    private readonly dataSource: DataSource,
    private readonly hashKey: Buffer,
    private readonly settings: FailureLimitSettings,
    private readonly log: LoggerService,
    private readonly now: () => number,
  ) {}

  /** Throws `too_many_requests` while this client has failed too often from this address, whatever it sends now. */
  assertOpen(clientId: string, ip: string): void {
    if (this.counts.size === 0) return;
    if (this.closedFor(this.client(clientId, ip)) > 0) throw this.refusal(clientId, ip);
  }

  /** Whether failures from this address are refused; a client that proves itself still passes. */
  isClosed(ip: string): boolean {
    return this.counts.size > 0 && this.closedFor(this.address(ip)) > 0;
  }

  /**
   * Counts one failure. Throws `too_many_requests` when it is one too many. Behind a closed address what nobody is called
   * is counted here alone: it can be made up at any rate, and nothing is guessed by it.
   */
  async count(clientId: string, ip: string, { exists }: { exists: boolean }): Promise<void> {
    const here = !exists && this.isClosed(ip);
    const both = [this.client(clientId, ip), this.address(ip)];
    const alone = both.map((counted) => this.countHere(counted));
    const counts = here
      ? alone
      : await this.countEverywhere(both).catch((error: unknown) => this.without(alone, error));
    both.forEach((counted, i) => this.learn(counted, counts[i]));
    if (both.some(({ limit }, i) => (counts[i]?.failures ?? 0) > limit)) throw this.refusal(clientId, ip);
  }

  /** The one answer to whom the limits refuse; its `retryAfter` tells nothing of which of them it is (BF-05). */
  refusal(clientId: string, ip: string): ServiceError {
    const wait = Math.max(this.closedFor(this.client(clientId, ip)), this.closedFor(this.address(ip)));
    return new ServiceError('too_many_requests', 'too many failed attempts', {
      retryAfter: Math.max(1, Math.ceil(wait / 1000)),
    });
  }

  private client(clientId: string, ip: string): Counted {
    const name = `client ${addressRange(ip)} ${clientId}`;
    return { kind: 'client', name, limit: this.settings.clientFailures, windowMs: 60_000 };
  }

  private address(ip: string): Counted {
    const name = `address ${addressRange(ip)}`;
    return { kind: 'address', name, limit: this.settings.addressFailures, windowMs: 300_000 };
  }

  /** Milliseconds; 0 when it is open. */
  private closedFor({ name, limit }: Counted): number {
    const count = this.counts.get(name);
    return count && count.failures >= limit ? Math.max(0, count.windowEnds - this.now()) : 0;
  }

  /** At once, so that of many parallel attempts no more than the limit get further. */
  private countHere({ name, windowMs }: Counted): Count {
    const last = this.counts.get(name);
    const count =
      last && last.windowEnds > this.now()
        ? { ...last, failures: last.failures + 1 }
        : { failures: 1, windowEnds: this.now() + windowMs };
    this.counts.set(name, count);
    return count;
  }

  /** Without the database each instance counts alone (BF-23). */
  private without(alone: Count[], error: unknown): Count[] {
    this.log.warn({ message: 'failures are counted by this instance alone', error });
    return alone;
  }

  private learn({ name }: Counted, count: Count | undefined): void {
    if (!count) return;
    const failures = Math.max(count.failures, this.counts.get(name)?.failures ?? 0);
    this.counts.set(name, { failures, windowEnds: count.windowEnds });
  }

  private async countEverywhere(both: Counted[]): Promise<(Count | undefined)[]> {
    const rows = await query<{ kind: string; failures: number; windowEnds: Date }>(
      this.dataSource,
      'count-failure',
      COUNT,
      [
        both.map(({ kind }) => kind),
        both.map(({ name }) => this.slot(name)),
        both.map(({ windowMs }) => new Date(this.now() + windowMs)),
        new Date(this.now()),
      ],
    );
    const byKind = new Map(rows.map(({ kind, failures, windowEnds }) => [kind, { failures, windowEnds: +windowEnds }]));
    return both.map(({ kind }) => byKind.get(kind));
  }

  private slot(name: string): number {
    return createHmac('sha256', this.hashKey).update(name).digest().readUInt16BE(0) % SLOTS;
  }
}
