import { randomUUID } from 'node:crypto';
import { startCall, type Bus } from '@keyward/bus';
import { LATENCIES, recordUsage, ServiceError, USAGE_SLOT_MS, type UsageCount } from '@keyward/contracts';
import { Logger } from '@nestjs/common';

/** What a crash loses at most, milliseconds. */
const FLUSH_MS = 5000;
const SEND_MS = 2000;
/** Of one message. */
const MOST_SENT = 200;
/**
 * What is counted apart at once: some 40 MB. Beyond it, calls are counted of organizations that have less than an equal share
 * of that, up to twice as much in all: upstreams choose statuses, so one organization can make up many.
 */
const MOST_KNOWN = 100_000;
/** The catalog takes nothing that is older. */
const KEPT_MS = 86_400_000;
/** How many organizations are tried in one turn while nobody takes what is told. */
const PATIENCE = 2;

/** One call. */
export interface Counted {
  organizationId: string;
  apiId: string;
  applicationId?: string;
  /** Verb and template: never what a client wrote, so there are no more than publishers made. */
  resource: string;
  status: number;
  ms: number;
  bytes: number;
}

interface Count extends UsageCount {
  /** How many of its requests the catalog knows of. */
  sent: number;
}

type Told = 'taken' | 'refused' | 'unheard';

/** Counts calls in memory and tells the catalog of them in batches. */
export class Usage {
  private readonly gateway = randomUUID();
  private readonly log = new Logger('gateway');
  /** By organization, then by what is told apart. */
  private readonly counts = new Map<string, Map<string, Count>>();
  private known = 0;
  private slot = 0;
  private timer?: NodeJS.Timeout;
  private flushing?: Promise<void>;

  constructor(private readonly bus: Bus) {}

  start(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_MS);
    this.timer.unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    await this.flushing;
    await this.flush();
  }

  count({ organizationId, apiId, applicationId, resource, status, ms, bytes }: Counted): void {
    const now = Date.now();
    if (now - this.slot >= USAGE_SLOT_MS || now < this.slot) this.slot = now - (now % USAGE_SLOT_MS);
    const key = `${this.slot} ${apiId} ${applicationId ?? ''} ${status} ${resource}`;
    let own = this.counts.get(organizationId);
    if (!own) this.counts.set(organizationId, (own = new Map<string, Count>()));
    let count = own.get(key);
    if (!count) {
      if (!this.hasPlace(own.size)) return;
      count = {
        ...{ slot: this.slot, apiId, applicationId, resource, status },
        ...{ requests: 0, bytes: 0, totalMs: 0, maxMs: 0, latencies: new Array<number>(LATENCIES.length + 1).fill(0) },
        sent: 0,
      };
      own.set(key, count);
      this.known++;
    }
    count.requests++;
    count.bytes += bytes;
    count.totalMs += ms;
    if (ms > count.maxMs) count.maxMs = ms;
    let at = 0;
    while (at < LATENCIES.length && ms > (LATENCIES[at] ?? 0)) at++;
    count.latencies[at] = (count.latencies[at] ?? 0) + 1;
  }

  /** Tells of all that has changed; what cannot be told now is told the next time. */
  flush(): Promise<void> {
    return (this.flushing ??= this.tellAll().finally(() => (this.flushing = undefined)));
  }

  /** Whether an organization with so many counts may have one more. */
  private hasPlace(own: number): boolean {
    return this.known < MOST_KNOWN || (this.known < 2 * MOST_KNOWN && own < MOST_KNOWN / this.counts.size);
  }

  private async tellAll(): Promise<void> {
    let unheard = 0;
    for (const [organizationId, counts] of [...this.counts]) {
      if (unheard >= PATIENCE) break;
      if (!(await this.tellOf(organizationId, counts))) {
        unheard++;
        // To the end: whose counts are not taken does not keep others from being heard next time.
        this.counts.delete(organizationId);
        this.counts.set(organizationId, counts);
      }
    }
    for (const [organizationId, counts] of this.counts) this.forget(organizationId, counts);
  }

  /** Whether the catalog has answered. */
  private async tellOf(organizationId: string, counts: Map<string, Count>): Promise<boolean> {
    const changed = [...counts].filter(([, { sent, requests }]) => sent !== requests);
    const waiting: (typeof changed)[] = [];
    for (let from = 0; from < changed.length; from += MOST_SENT) waiting.push(changed.slice(from, from + MOST_SENT));
    for (let batch = waiting.pop(); batch; batch = waiting.pop()) {
      const told = await this.tell(
        organizationId,
        batch.map(([, count]) => count),
      );
      if (told === 'unheard') return false;
      if (told === 'taken') continue;
      const [[key, { slot, apiId, status }] = ['', {} as Partial<Count>], ...others] = batch;
      if (others.length > 0) {
        const half = batch.length >> 1;
        waiting.push(batch.slice(0, half), batch.slice(half));
      } else {
        this.log.error({
          message: 'usage was refused and is dropped',
          organization: organizationId,
          slot,
          apiId,
          status,
        });
        if (counts.delete(key)) this.known--;
      }
    }
    return true;
  }

  /** Of slots that are over, what is known to the catalog, and what it does not take any more. */
  private forget(organizationId: string, counts: Map<string, Count>): void {
    for (const [key, { slot, sent, requests }] of counts) {
      if (slot === this.slot || (sent !== requests && slot > this.slot - KEPT_MS)) continue;
      counts.delete(key);
      this.known--;
    }
    if (counts.size === 0) this.counts.delete(organizationId);
  }

  private async tell(organizationId: string, counts: Count[]): Promise<Told> {
    const told = counts.map(toldOf);
    try {
      const request = { organizationId, gateway: this.gateway, counts: told };
      await this.bus.call(recordUsage, request, startCall(SEND_MS));
    } catch (error) {
      return error instanceof ServiceError && error.code === 'invalid_request' ? 'refused' : 'unheard';
    }
    counts.forEach((count, n) => (count.sent = told[n]?.requests ?? 0));
    return 'taken';
  }
}

/** As it is now: it is counted on while it is told. */
function toldOf({ slot, apiId, applicationId, resource, status, ...sums }: Count): UsageCount {
  const { requests, bytes, totalMs, maxMs, latencies } = sums;
  const copied = [...latencies];
  return { slot, apiId, applicationId, resource, status, requests, bytes, totalMs, maxMs, latencies: copied };
}
