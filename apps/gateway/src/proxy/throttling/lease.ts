import type { PlanRecord } from '@keyward/contracts';
import type { FaultName } from '../fault';

/** What shares a quota, and this gateway's part of it. */
export interface Lease {
  readonly counted: string;
  /** The plan's requests a second are meant. */
  readonly burst: boolean;
  readonly fault: FaultName;
  plan: PlanRecord;
  /** Requests or bytes that may pass without asking; bytes that were more than that are below 0. */
  left: number;
  /** What the last part was: when half of it is used, the next one is asked for. */
  granted: number;
  /** What nobody had leased when the last part was. */
  rest: number;
  quota: number;
  /** Unix milliseconds of the owner's clock. */
  since: number;
  /** By this process's own clock, `performance.now()`. */
  endsAt: number;
  /** The owner did not answer: nobody is let pass uncounted, nor the owner asked again, until then. */
  silentUntil: number;
  asking?: Promise<void>;
}

/** A lease of nothing, so that the first request asks. */
export const newLease = (plan: PlanRecord, counted: string, burst: boolean, fault: FaultName): Lease => ({
  ...{ counted, burst, fault, plan, left: 0, granted: 0, rest: 0, quota: 0, since: 0, endsAt: 0, silentUntil: 0 },
});

/** By bandwidth: a request may pass while anything is left, and is charged when it is over. */
export const isByBytes = ({ burst, plan }: Lease): boolean => !burst && plan.requests === null;

/** Whether a request may pass: `asking` when the owner has to say so. */
export function stateOf(lease: Lease, now: number): 'open' | 'exhausted' | 'asking' | 'silent' {
  if (now < lease.endsAt) {
    if (lease.left > 0) return 'open';
    if (lease.rest === 0) return 'exhausted';
  }
  return now < lease.silentUntil ? 'silent' : 'asking';
}
