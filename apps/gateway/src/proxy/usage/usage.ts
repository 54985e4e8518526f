import { randomUUID } from 'node:crypto';
import { startCall, type Bus } from '@keyward/bus';
import { LATENCIES, recordUsage, USAGE_SLOT_MS, type UsageCount } from '@keyward/contracts';

/** What a crash loses at most, milliseconds. */
const FLUSH_MS = 5000;
const SEND_MS = 2000;
/** Of one message. */
const MOST_SENT = 200;
/** What is counted apart at once: some 40 MB. Beyond it calls are not counted, until the catalog has taken some. */
const MOST_KNOWN = 100_000;

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
  organizationId: string;
  /** How many of its requests the catalog knows of. */
  sent: number;
}

/** Counts calls in memory and tells the catalog of them in batches. */
export class Usage {
  private readonly gateway = randomUUID();
  private readonly counts = new Map<string, Count>();
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
    let count = this.counts.get(key);
    if (!count) {
      if (this.counts.size >= MOST_KNOWN) return;
      count = {
        ...{ organizationId, slot: this.slot, apiId, applicationId, resource, status },
        ...{ requests: 0, bytes: 0, totalMs: 0, maxMs: 0, latencies: new Array<number>(LATENCIES.length + 1).fill(0) },
        sent: 0,
      };
      this.counts.set(key, count);
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

  private async tellAll(): Promise<void> {
    const changed = new Map<string, Count[]>();
    for (const count of this.counts.values()) {
      if (count.sent === count.requests) continue;
      const ofOrganization = changed.get(count.organizationId) ?? [];
      changed.set(count.organizationId, ofOrganization);
      ofOrganization.push(count);
    }
    for (const [organizationId, counts] of changed)
      for (let from = 0; from < counts.length; from += MOST_SENT)
        if (!(await this.tell(organizationId, counts.slice(from, from + MOST_SENT)))) return;
    for (const [key, { slot, sent, requests }] of this.counts)
      if (slot !== this.slot && sent === requests) this.counts.delete(key);
  }

  private async tell(organizationId: string, counts: Count[]): Promise<boolean> {
    const told = counts.map(toldOf);
    try {
      const request = { organizationId, gateway: this.gateway, counts: told };
      await this.bus.call(recordUsage, request, startCall(SEND_MS));
    } catch {
      return false;
    }
    counts.forEach((count, n) => (count.sent = told[n]?.requests ?? 0));
    return true;
  }
}

/** As it is now: it is counted on while it is told. */
function toldOf({ slot, apiId, applicationId, resource, status, ...sums }: Count): UsageCount {
  const { requests, bytes, totalMs, maxMs, latencies } = sums;
  const copied = [...latencies];
  return { slot, apiId, applicationId, resource, status, requests, bytes, totalMs, maxMs, latencies: copied };
}
