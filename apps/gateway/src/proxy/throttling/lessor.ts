import { startCall, type Bus } from '@keyward/bus';
import { leaseQuota } from '@keyward/contracts';
import type { Lease } from './lease';

const ASK_MS = 1500;
/** How long an owner that did not answer is not asked again, milliseconds. */
const SILENT_MS = 1000;

/** Leases parts of quotas from their owner, the catalog; for each, one message at a time. */
export class Lessor {
  constructor(private readonly bus: Bus) {}

  /** Resolves when there is an answer, or none. */
  ask(lease: Lease): Promise<void> {
    return (lease.asking ??= this.lease(lease).finally(() => (lease.asking = undefined)));
  }

  private async lease(lease: Lease): Promise<void> {
    const { counted, burst, plan } = lease;
    const { organizationId, level, name } = plan;
    const overdrawn = Math.min(Math.max(0, -lease.left), Number.MAX_SAFE_INTEGER);
    // What is left of a part ends with its window, and that by the time the question was sent: a little early, never late.
    const sentAt = performance.now();
    try {
      const asked = { organizationId, level, plan: name, counted, burst, overdrawn };
      const { granted, quota, left, since, endsIn } = await this.bus.call(leaseQuota, asked, startCall(ASK_MS));
      const stillOwed = lease.left + overdrawn;
      lease.left = granted + (since === lease.since ? stillOwed : Math.min(0, stillOwed));
      Object.assign(lease, { granted, quota, rest: left, since, endsAt: sentAt + endsIn, silentUntil: 0 });
    } catch {
      lease.silentUntil = performance.now() + SILENT_MS;
    }
  }
}
