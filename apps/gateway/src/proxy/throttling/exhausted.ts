import type { OutgoingHttpHeaders } from 'node:http';
import { Fault } from '../fault';
import { isByBytes, type Lease } from './lease';

/** The fault of a quota that is used up: when it begins anew, in each of the ways that clients look for it. */
export function exhausted(lease: Lease, now: number): Fault {
  const until = new Date(Math.ceil((Date.now() + lease.endsAt - now) / 1000) * 1000);
  const headers = { 'retry-after': until.toUTCString(), ...rateLimit(lease, 0, now) };
  return new Fault(lease.fault, headers, [], until);
}

/**
 * What is left of the request's tightest quota: of its quotas of requests, or where there are none, of bandwidth, in bytes. What
 * other gateways have leased and not used is not in it.
 */
export function rateLimitHeaders(leases: readonly Lease[], now: number): OutgoingHttpHeaders | undefined {
  let tightest: Lease | undefined;
  for (const lease of leases) if (!lease.burst && (!tightest || isTighter(lease, tightest))) tightest = lease;
  return tightest && rateLimit(tightest, Math.max(0, restOf(tightest)), now);
}

const isTighter = (lease: Lease, than: Lease): boolean =>
  isByBytes(lease) === isByBytes(than) ? restOf(lease) < restOf(than) : isByBytes(than);

const restOf = ({ left, rest }: Lease): number => left + rest;

const rateLimit = ({ quota, endsAt }: Lease, remaining: number, now: number): Record<string, string> => ({
  'ratelimit-limit': String(quota),
  'ratelimit-remaining': String(remaining),
  'ratelimit-reset': String(Math.max(0, Math.ceil((endsAt - now) / 1000))),
});
