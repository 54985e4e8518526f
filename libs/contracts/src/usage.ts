import {
  ArrayMaxSize,
  ArrayMinSize,
  IsArray,
  IsIn,
  IsInt,
  IsNumber,
  IsOptional,
  IsString,
  IsUUID,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { Nested } from './nested';
import { Empty, rpc } from './rpc';
import { IsTime } from './time';

/** Upper bounds of the latencies that are told apart, milliseconds; one more is for all that is slower. */
export const LATENCIES = [5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000] as const;
/** Calls are counted in slots of five minutes. */
export const USAGE_SLOT_MS = 300_000;

/** All calls of one slot that are alike, as one gateway has counted them until now: said again, it is the same. */
export class UsageCount {
  /** When the slot begins, Unix milliseconds. */
  @IsInt() @Min(0) slot: number;
  @IsUUID() apiId: string;
  /** Absent where nobody was identified. */
  @IsOptional() @IsUUID() applicationId?: string;
  /** Verb and template; empty for what the API does not have. */
  @IsString() @MaxLength(310) resource: string;
  /** Upstreams answer others than RFC 9110 §15 has, up to 999. */
  @IsInt() @Min(100) @Max(999) status: number;
  @IsInt() @Min(1) requests: number;
  /** Of the answers. */
  @IsInt() @Min(0) bytes: number;
  @IsNumber() @Min(0) totalMs: number;
  @IsNumber() @Min(0) maxMs: number;
  /** Calls by their latency. */
  @IsArray() @ArrayMinSize(12) @ArrayMaxSize(12) @IsInt({ each: true }) latencies: number[];
}

export class RecordUsage {
  @IsUUID() organizationId: string;
  /** The gateway's name for itself, new at each start. */
  @IsUUID() gateway: string;
  @IsArray() @ArrayMaxSize(200) @Nested(() => UsageCount, { each: true }) counts: UsageCount[];
}

/** What calls may be added up by. */
export const USAGE_GROUPS = ['api', 'application', 'resource', 'status', 'hour', 'day'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

/** Calls from a time on and before another, of one API or application when it is named. */
export class QueryUsage {
  @IsUUID() organizationId: string;
  /** ISO 8601; a day ago when absent. */
  @IsOptional() @IsTime() from?: string;
  /** ISO 8601; now when absent. */
  @IsOptional() @IsTime() to?: string;
  /** By API when absent. */
  @IsOptional() @IsIn(USAGE_GROUPS) by?: UsageGroup;
  @IsOptional() @IsString() @MaxLength(131) api?: string;
  @IsOptional() @IsUUID() applicationId?: string;
}

/** Calls that were added up. */
export class UsageSum {
  /** `name:version` of an API, an application's id, verb and template, a status, or a time. */
  of: string;
  requests: number;
  /** Answered 4xx, by the gateway or the upstream. */
  refused: number;
  /** Answered 5xx, or with a status that HTTP does not have. */
  failed: number;
  bytes: number;
  averageMs: number;
  /** At most; of 95 in 100 calls. */
  p95Ms: number;
  maxMs: number;
}

export class UsageReport {
  from: string;
  to: string;
  by: UsageGroup;
  /** The most used first, 1000 at most; times in their order, all of them. */
  sums: UsageSum[];
}

export const recordUsage = rpc('catalog.usage.record', RecordUsage, Empty, { repeatable: true });
/** Errors: `not_found` for an API that is not there; `invalid_request` for a time that ends before it begins, or has more than 1000 hours. */
export const queryUsage = rpc('catalog.usage.query', QueryUsage, UsageReport, { repeatable: true });
