import { HttpException } from '@nestjs/common';
import { ERRORS, ServiceError } from '@keyward/contracts';

/** A request refused for what only HTTP knows of it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    /** Shown to the caller. */
    readonly description?: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(code);
  }
}

/** What an error of any origin is to the caller; `undefined` for those that say nothing. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (error instanceof ServiceError) return ofService(error);
  const status = statusOf(error);
  if (status === 413) return new Refusal(413, 'invalid_request', 'the body is too large');
  if (status === 415) return new Refusal(415, 'invalid_request', 'this content type is not accepted');
  // 414 is the router's for a parameter of the path that is too long, 404 for one that is empty.
  if (status === 414 || status === 404) return new Refusal(404, 'not_found');
  return status >= 400 && status < 500 ? new Refusal(status, 'invalid_request', 'the request is malformed') : undefined;
}

function ofService({ code, description, retryAfter, dpopNonce }: ServiceError): Refusal {
  const status = ERRORS[code];
  const headers = status === 429 || status === 503 ? { 'retry-after': String(retryAfter ?? 1) } : undefined;
  return new Refusal(status, code, description, dpopNonce === undefined ? headers : { 'dpop-nonce': dpopNonce });
}

/** Nest and Fastify say a status each in their own way. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  return (error as { statusCode?: number } | undefined)?.statusCode ?? 500;
}
