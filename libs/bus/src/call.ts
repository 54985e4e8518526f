import { randomFillSync } from 'node:crypto';

/** What travels with every message: until when its answer is waited for, and the trace it belongs to. */
export interface Call {
  /** Milliseconds of this process's `Date.now()`; on the wire it is the time left, because clocks differ. */
  readonly deadline: number;
  /** W3C Trace Context §3.2. */
  readonly traceparent: string;
}

const TRACEPARENT = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Begins a call at the edge of the system, or for a job. A `traceparent` that is not well-formed is replaced. */
export function startCall(timeoutMs: number, traceparent?: string): Call {
  const valid = typeof traceparent === 'string' && TRACEPARENT.test(traceparent);
  return { deadline: Date.now() + timeoutMs, traceparent: valid ? traceparent : newTraceparent() };
}

/** Milliseconds until nobody waits any more; never negative. */
export const timeLeft = (call: Call): number => Math.max(0, call.deadline - Date.now());

/** The trace id, which is also what logs and `X-Correlation-Id` call the request. */
export const traceId = (call: Call): string => call.traceparent.slice(3, 35);

/** Random bytes are fetched for many calls at once: one by one they cost a tenth of what a request at the gateway does. */
const random = Buffer.alloc(256 * 24);
let used = random.length;

function newTraceparent(): string {
  if (used === random.length) {
    randomFillSync(random);
    used = 0;
  }
  const ids = random.toString('hex', used, (used += 24));
  return `00-${ids.slice(0, 32)}-${ids.slice(32)}-01`;
}
