import { hash } from 'node:crypto';
import type { Bus } from '@keyward/bus';
import type { CountedBy, PlanLevel, PlanRecord } from '@keyward/contracts';
import { addressRange } from '@keyward/runtime';
import { Fault, type FaultName } from '../fault';
import type { Admitted } from '../visit';
import { Recent } from '../tokens/recent';
import { exhausted } from './exhausted';
import { isByBytes, newLease, stateOf, type Lease } from './lease';
import { Lessor } from './lessor';
import type { Plans } from './plans';

/** What shares quotas and was used lately: some 50 MB at most. */
const KNOWN = 100_000;
/** How long a request waits for its turn at the owner, milliseconds. */
const PATIENCE_MS = 2000;

/** The leases of what shares one quota: of the plan's quota, and of its requests a second. */
interface Shared {
  quota: Lease;
  burst: Lease;
}

const FAULTS: Record<PlanLevel, readonly [quota: FaultName, burst: FaultName]> = {
  api: ['apiThrottled', 'apiThrottled'],
  resource: ['resourceThrottled', 'resourceThrottled'],
  subscription: ['subscriptionThrottled', 'subscriptionBurst'],
  application: ['applicationThrottled', 'applicationBurst'],
  upstream: ['upstreamLimit', 'upstreamLimit'],
  custom: ['customThrottled', 'customThrottled'],
};

/**
 * Counts requests against the plans of their API or resource, subscription and application. A gateway gives out what it has
 * leased and never more, so that all gateways together pass no more than the quota; one that is lost loses what it had leased.
 */
export class Throttling {
  private readonly known = new Recent<Shared>(KNOWN);
  private readonly lessor: Lessor;

  constructor(
    bus: Bus,
    private readonly plans: Plans,
  ) {
    this.lessor = new Lessor(bus);
  }

  /**
   * Takes one request from everything that it counts for, or from nothing. Throws the fault of what is exhausted.
   * `undefined` when it counts for nothing.
   */
  take(admitted: Admitted, address: string): Lease[] | undefined | Promise<Lease[]> {
    const leases = this.leasesOf(admitted, address);
    if (!leases) return undefined;
    return this.taken(leases, performance.now()) ?? this.takeLater(leases);
  }

  /** Charges a request's bytes when it is over. */
  charge(leases: readonly Lease[], bytes: number): void {
    for (const lease of leases)
      if (isByBytes(lease)) {
        lease.left -= bytes;
        this.renew(lease, performance.now());
      }
  }

  /** Charges what a connection that stays open has moved meanwhile, and says whether its quotas have something left. */
  async goesOn(leases: readonly Lease[], bytes: number): Promise<boolean> {
    if (bytes === 0) return true;
    this.charge(leases, bytes);
    // What is owed is told with the next part; a quota may have begun anew as well.
    const asking = leases.filter((lease) => isByBytes(lease) && stateOf(lease, performance.now()) === 'asking');
    await Promise.all(asking.map((lease) => this.lessor.ask(lease)));
    return !leases.some((lease) => isByBytes(lease) && stateOf(lease, performance.now()) === 'exhausted');
  }

  /** A plan of the API takes the place of its resource's. */
  private leasesOf(admitted: Admitted, address: string): Lease[] | undefined {
    const { api, resource, passed } = admitted;
    const applicationPlan = passed && this.plans.ofApplication(passed.client.applicationId);
    const subscription = passed?.subscription;
    const custom = this.plans.customOf(api.organizationId);
    if (
      !api.plan &&
      !resource.plan &&
      !subscription?.plan &&
      !api.upstreamPlan &&
      applicationPlan === undefined &&
      !custom
    )
      return undefined;
    const leases: Lease[] = [];
    if (api.plan) this.add(leases, api.organizationId, 'api', api.plan, api.id);
    else if (resource.plan)
      this.add(
        leases,
        api.organizationId,
        'resource',
        resource.plan,
        `${api.id} ${resource.verb} ${resource.canonical}`,
      );
    if (subscription?.plan) this.add(leases, api.organizationId, 'subscription', subscription.plan, subscription.id);
    // Each user of an application has the whole of it.
    if (passed && applicationPlan !== undefined)
      this.add(
        leases,
        api.organizationId,
        'application',
        applicationPlan,
        `${passed.client.applicationId} ${passed.subject}`,
      );
    // Last, so that the upstream's limit is not named where the caller's own is used up as well.
    if (custom) this.addCustom(leases, custom, admitted, address);
    if (api.upstreamPlan)
      this.add(leases, api.organizationId, 'upstream', api.upstreamPlan, `upstream ${api.id} ${kindOf(admitted)}`);
    return leases;
  }

  /** A plan that tells users or applications apart says nothing of calls that have none. */
  private addCustom(
    leases: Lease[],
    custom: ReadonlyMap<string, PlanRecord>,
    { api, resource, passed }: Admitted,
    address: string,
  ): void {
    const parts: Record<CountedBy, string | undefined> = {
      address: addressRange(address),
      user: passed?.grant.ofUser ? passed.subject : undefined,
      application: passed?.client.applicationId,
      api: api.id,
      resource: `${api.id} ${resource.verb} ${resource.canonical}`,
    };
    for (const { name, countedBy = [] } of custom.values()) {
      const by = countedBy.map((part) => parts[part]);
      if (by.includes(undefined)) continue;
      // Hashed: of bounded length, whatever callers are called.
      this.add(leases, api.organizationId, 'custom', name, `custom ${name} ${hash('sha256', by.join(' '), 'base64')}`);
    }
  }

  private add(leases: Lease[], organizationId: string, level: PlanLevel, name: string, counted: string): void {
    const plan = this.plans.named(organizationId, level, name);
    // Named and not heard of: it cannot be counted.
    if (!plan) throw new Fault('unavailable');
    const shared = this.known.get(counted) ?? this.begin(plan, level, counted);
    shared.quota.plan = shared.burst.plan = plan;
    leases.push(shared.quota);
    if (plan.burst !== null) leases.push(shared.burst);
  }

  private begin(plan: PlanRecord, level: PlanLevel, counted: string): Shared {
    const [quota, burst] = FAULTS[level];
    const shared = {
      quota: newLease(plan, counted, false, quota),
      burst: newLease(plan, `burst ${counted}`, true, burst),
    };
    this.known.set(counted, shared);
    return shared;
  }

  /** `undefined` while an owner has to be asked. */
  private taken(leases: Lease[], now: number): Lease[] | undefined {
    let isKnown = true;
    for (const lease of leases) {
      const state = stateOf(lease, now);
      if (state === 'exhausted') throw exhausted(lease, now);
      if (state === 'silent') throw new Fault('unavailable');
      if (state === 'asking') isKnown = false;
    }
    if (!isKnown) return undefined;
    for (const lease of leases) {
      if (!isByBytes(lease)) lease.left--;
      this.renew(lease, now);
    }
    return leases;
  }

  private async takeLater(leases: Lease[]): Promise<Lease[]> {
    const end = performance.now() + PATIENCE_MS;
    for (let now = performance.now(); now < end; now = performance.now()) {
      const asking = leases.filter((lease) => stateOf(lease, now) === 'asking');
      await Promise.all(asking.map((lease) => this.lessor.ask(lease)));
      const taken = this.taken(leases, performance.now());
      if (taken) return taken;
    }
    throw new Fault('unavailable');
  }

  /** Asks before the part is used up, so that requests do not wait for it. */
  private renew(lease: Lease, now: number): void {
    if (lease.left * 2 > lease.granted || lease.granted < 4 || lease.rest === 0 || lease.asking) return;
    if (now < lease.endsAt && now >= lease.silentUntil) void this.lessor.ask(lease);
  }
}

/** Which of its two upstreams a call goes to; without a token, to that of production where there is one. */
const kindOf = ({ api, passed }: Admitted): string =>
  passed?.client.kind ?? (api.upstreams.production ? 'production' : 'sandbox');
