import type { Reason } from './compatibility';

/**
 * Every error a service may answer with, and the HTTP status it becomes at the gateway.
 * The first group are the codes of RFC 6749 §5.2, RFC 7009 §2.2.1, RFC 7591 §3.2.2, RFC 8628 §3.5, RFC 8707 §2, RFC 9449 §12.2
 * and RFC 6750 §3.1; the second is the management API's.
 */
export const ERRORS = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  invalid_target: 400,
  unauthorized_client: 400,
  unsupported_grant_type: 400,
  unsupported_token_type: 400,
  authorization_pending: 400,
  slow_down: 400,
  access_denied: 400,
  expired_token: 400,
  invalid_dpop_proof: 400,
  use_dpop_nonce: 400,
  invalid_redirect_uri: 400,
  invalid_client_metadata: 400,
  invalid_software_statement: 400,
  unapproved_software_statement: 400,
  invalid_token: 401,
  insufficient_scope: 403,

  not_found: 404,
  conflict: 409,

  too_many_requests: 429,
  server_error: 500,
  temporarily_unavailable: 503,
} as const;

export type ErrorCode = keyof typeof ERRORS;

/** Whether a string from outside names one of our errors. */
export const isErrorCode = (code: unknown): code is ErrorCode =>
  typeof code === 'string' && Object.hasOwn(ERRORS, code);

/** What a failed message carries over the wire. `retryAfter` is in seconds. */
export interface WireError {
  code: ErrorCode;
  description?: string;
  retryAfter?: number;
  reason?: Reason;
  dpopNonce?: string;
}

/**
 * The one error a service throws. `description` is shown to the caller; `detail` is logged where it is thrown and never
 * leaves the process; `retryAfter` (seconds) becomes `Retry-After`, `dpopNonce` `DPoP-Nonce`; `reason` chooses the words of a
 * compatibility profile.
 */
export class ServiceError extends Error {
  readonly detail?: unknown;
  readonly retryAfter?: number;
  readonly reason?: Reason;
  readonly dpopNonce?: string;

  constructor(
    readonly code: ErrorCode,
    readonly description?: string,
    {
      detail,
      retryAfter,
      reason,
      dpopNonce,
    }: { detail?: unknown; retryAfter?: number; reason?: Reason; dpopNonce?: string } = {},
  ) {
    super(description ? `${code}: ${description}` : code);
    this.name = 'ServiceError';
    this.detail = detail;
    this.retryAfter = retryAfter;
    this.reason = reason;
    this.dpopNonce = dpopNonce;
  }
}
