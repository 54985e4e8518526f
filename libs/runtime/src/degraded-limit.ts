/** How long who is cut off from an owner goes on with what is known of its records, when nothing else is set. */
export const DEGRADED_LIMIT_MS = 5 * 60_000;
