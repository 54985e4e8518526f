import { ServiceError } from '@keyward/contracts';
import { QueryFailedError } from 'typeorm';

interface PostgresError extends Error {
  code?: string;
  constraint?: string;
  detail?: string;
}

/** SQLSTATE classes and codes that mean the server is away, stopping, full or too slow, not that the statement is wrong. */
const UNAVAILABLE = /^(08|53|57P0|57014|25006|55P03)/;
const NETWORK = /^E(CONN|PIPE|TIMEDOUT|HOST|NET|NOTFOUND|AI_AGAIN)/;
const DRIVER =
  /^(timeout (expired|exceeded when trying to connect)|Connection terminated|Query read timeout|Client has encountered)/;

const driverError = (error: unknown): unknown => (error instanceof QueryFailedError ? error.driverError : error);

/** Whether the connection that answered so must not be used again. */
export function isBroken(error: unknown): boolean {
  const { code = '', message = '' } = (driverError(error) ?? {}) as Partial<PostgresError>;
  return NETWORK.test(code) || DRIVER.test(message) || /^(08|57P0)/.test(code);
}

/** PostgreSQL did not answer; `detail` says why, for the log. */
export const unavailable = (detail: string): ServiceError =>
  new ServiceError('temporarily_unavailable', undefined, { retryAfter: 1, detail: `PostgreSQL: ${detail}` });

/**
 * What a service may let go of: `temporarily_unavailable` when PostgreSQL is away, hung or overloaded; else PostgreSQL's
 * own error, without the statement's parameters and rows, which could be secrets on their way to a log.
 */
export function toThrow(error: unknown): unknown {
  const cause = driverError(error);
  if (cause instanceof ServiceError) return cause;
  const { code = '', message = '' } = (cause ?? {}) as Partial<PostgresError>;
  if (UNAVAILABLE.test(code) || NETWORK.test(code) || DRIVER.test(message)) return unavailable(message);
  if (code) delete (cause as PostgresError).detail;
  return cause;
}

/** Whether a row was refused because another has its key; `constraint` names the one meant. */
export function isDuplicate(error: unknown, constraint?: string): boolean {
  const { code, constraint: violated } = (driverError(error) ?? {}) as PostgresError;
  return code === '23505' && (constraint === undefined || violated === constraint);
}
