/** bytes of a request's headers at most, how long these may take, and all of an upload to an API (ms). */
export const LIMITS = {
  requireHostHeader: false, // Looked at with what every answer has (`early-answers.ts`).
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5000,
  requestTimeout: 300_000,
  connectionsCheckingInterval: 1000,
};
