import { IsBoolean, IsIn, IsInt, IsOptional, IsString, IsUUID, Matches, Max, MaxLength, Min } from 'class-validator';
import { API_NAME } from './api';
import { PLAN_LEVELS, type PlanLevel } from './plan';
import { rpc } from './rpc';

/** Asks for a part of a quota, to be given out without asking again. */
export class LeaseQuota {
  @IsUUID() organizationId: string;
  @IsIn(PLAN_LEVELS) level: PlanLevel;
  @Matches(API_NAME) plan: string;
  /** What shares the quota: a subscription, an API, a resource, an application with its user. */
  @IsString() @MaxLength(400) counted: string;
  /** The plan's requests a second are meant, not its quota. */
  @IsOptional() @IsBoolean() burst?: boolean;
  /** What was used beyond the last part: bytes of an answer that was larger than what was left. */
  @IsInt() @Min(0) @Max(Number.MAX_SAFE_INTEGER) overdrawn: number;
}

/** A part of a quota: requests, or bytes of a plan by bandwidth. */
export class QuotaLease {
  /** A hundredth of the quota, 5000 requests at most; 0 when nothing is left. */
  granted: number;
  quota: number;
  /** What nobody has leased yet. */
  left: number;
  /** When the quota began to be counted, Unix milliseconds. */
  since: number;
  /** In how many milliseconds it begins anew; what is left of the part ends with it. */
  endsIn: number;
}

/** Errors: `not_found` without such a plan. Who loses the answer loses this part of the quota. */
export const leaseQuota = rpc('catalog.quota.lease', LeaseQuota, QuotaLease, { repeatable: true });
