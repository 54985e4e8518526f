import {
  ArrayMaxSize,
  ArrayUnique,
  IsArray,
  IsIn,
  IsInt,
  IsOptional,
  IsString,
  IsUUID,
  Matches,
  Max,
  MaxLength,
  Min,
} from 'class-validator';
import { API_NAME } from './api';
import { feed } from './feed';
import { IsNullable } from './nullable';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** What a plan is counted for: what names it, or, for a custom one, whatever its `countedBy` says. */
export const PLAN_LEVELS = ['application', 'subscription', 'api', 'resource', 'upstream', 'custom'] as const;
export type PlanLevel = (typeof PLAN_LEVELS)[number];

/** What a custom plan tells apart: each that differs in one of these has the whole of it. */
export const COUNTED_BY = ['address', 'user', 'application', 'api', 'resource'] as const;
export type CountedBy = (typeof COUNTED_BY)[number];

const UNITS = ['second', 'minute', 'hour', 'day', 'month'] as const;
export type PlanUnit = (typeof UNITS)[number];

/** What gateways hold of a quota by requests or by bandwidth: so many, `every` so many units of time. */
export class PlanRecord {
  organizationId: string;
  /** Unique among those of its level. */
  name: string;
  level: PlanLevel;
  /** One of the two is there. */
  requests: number | null;
  kilobytes: number | null;
  every: number;
  unit: PlanUnit;
  /** Requests a second at most, however much of the quota is left. */
  burst: number | null;
  /** Of the level `custom` alone: it holds for every call to the organization's APIs without being named by any. */
  countedBy?: CountedBy[];
}

/** Every plan: what is named without being here is no limit that could be counted, so nothing passes. */
export const plans = feed<PlanRecord>('catalog.plans');

/** A plan as its publishers see it. */
export class Plan extends PlanRecord {
  description: string;
  createdAt: string;
}

class PlanSettings {
  @IsOptional() @IsString() @MaxLength(500) description?: string;
  @IsOptional() @IsInt() @Min(1) @Max(1e12) requests?: number;
  @IsOptional() @IsInt() @Min(1) @Max(1e12) kilobytes?: number;
  /** 1 when absent. */
  @IsOptional() @IsInt() @Min(1) @Max(1000) every?: number;
  @IsOptional() @IsIn(UNITS) unit?: PlanUnit;
  /** `null` takes it away. */
  @IsNullable() @IsInt() @Min(1) @Max(1e6) burst?: number | null;
  /** Of a custom plan, and of no other. */
  @IsOptional()
  @IsArray()
  @ArrayUnique()
  @ArrayMaxSize(COUNTED_BY.length)
  @IsIn(COUNTED_BY, { each: true })
  countedBy?: CountedBy[];
}

export class CreatePlan extends PlanSettings {
  @IsUUID() organizationId: string;
  @Matches(API_NAME, { message: 'name must be letters, digits, blanks, dots, hyphens and underscores' }) name: string;
  @IsIn(PLAN_LEVELS) level: PlanLevel;
}

export class ListPlans extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NamePlan {
  @IsUUID() organizationId: string;
  /** One of the levels. */
  @IsString() @MaxLength(20) level: string;
  @IsString() @MaxLength(100) plan: string;
}

/** Changes what is present: requests take the place of kilobytes, and the other way round. */
export class UpdatePlan extends PlanSettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(20) level: string;
  @IsString() @MaxLength(100) plan: string;
}

export class PlanPage extends Page<Plan> {}

/**
 * Errors: `conflict` when the name is taken, or there are as many custom plans as there may be; `invalid_request` without exactly
 * one of requests and kilobytes, and for a custom plan that does not say what it is counted by.
 */
export const createPlan = rpc('catalog.plan.create', CreatePlan, Plan);
export const listPlans = rpc('catalog.plan.list', ListPlans, PlanPage, { repeatable: true });
/** Errors of these: `not_found`. */
export const findPlan = rpc('catalog.plan.find', NamePlan, Plan, { repeatable: true });
export const updatePlan = rpc('catalog.plan.update', UpdatePlan, Plan, { repeatable: true });
/** Errors: `conflict` while an API, a resource, a subscription or an application names it. */
export const deletePlan = rpc('catalog.plan.delete', NamePlan, Empty);
