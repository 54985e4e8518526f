import type { OutgoingHttpHeaders } from 'node:http';
import { Fault } from '../fault';
import { isByBytes, type Lease } from './lease';

/** The fault of a quota that is used up: when it begins anew, in each of the ways that clients look for it. */
export function exhausted(lease: Lease, now: number): Fault {
  const until = new Date(Math.ceil((Date.now() + lease.endsAt - now) / 1000) * 1000);
  const headers = { 'retry-after': until.toUTCString(), ...rateLimit(lease, 0, now) };
  return new Fault(lease.fault, headers, [], until);
}

/** What is left of the request's tightest quota. What other gateways have leased and not used is not in it. */
export function rateLimitHeaders(leases: readonly Lease[], now: number): OutgoingHttpHeaders | undefined {
  let tightest: Lease | undefined;
  for (const lease of leases)
    if (!isByBytes(lease) && !lease.burst && (!tightest || restOf(lease) < restOf(tightest))) tightest = lease;
  return tightest && rateLimit(tightest, restOf(tightest), now);
}

const restOf = ({ left, rest }: Lease): number => left + rest;

const rateLimit = ({ quota, endsAt }: Lease, remaining: number, now: number): Record<string, string> => ({
  'ratelimit-limit': String(quota),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.max(0, Math.ceil((endsAt - now) / 1000))),
});
