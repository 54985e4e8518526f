import { IsUUID, Matches } from 'class-validator';
import { API_NAME } from './api';
import { feed } from './feed';
import { IsNullable } from './nullable';
import { rpc } from './rpc';

/** What gateways hold of an application's plan; its quota is for each of its users. */
export class ApplicationPlanRecord {
  organizationId: string;
  applicationId: string;
  plan: string;
}

/** The plan of every application that has one. */
export const applicationPlans = feed<ApplicationPlanRecord>('catalog.application-plans');

/** An application's plan; `null`: unlimited. */
export class ApplicationPlan {
  applicationId: string;
  plan: string | null;
}

export class FindApplicationPlan {
  @IsUUID() organizationId: string;
  /** An application of the organization: the key manager has found it. */
  @IsUUID() applicationId: string;
}

export class UpdateApplicationPlan extends FindApplicationPlan {
  /** `null` takes it away. */
  @IsNullable() @Matches(API_NAME) plan?: string | null;
}

export const findApplicationPlan = rpc('catalog.application-plan.find', FindApplicationPlan, ApplicationPlan, {
  repeatable: true,
});
/** Errors: `invalid_request` for what is no plan of the level `application`. */
export const updateApplicationPlan = rpc('catalog.application-plan.update', UpdateApplicationPlan, ApplicationPlan, {
  repeatable: true,
});
