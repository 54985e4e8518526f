import { IsArray, IsIn, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { API_NAME, SeenApis } from './api';
import { feed } from './feed';
import { IsNullable } from './nullable';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** Whether an application may call an API: one that is `ON_HOLD` waits for approval. */
export const SUBSCRIPTION_STATES = ['UNBLOCKED', 'BLOCKED', 'PROD_ONLY_BLOCKED', 'ON_HOLD', 'REJECTED'] as const;
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** What gateway and token service hold of an application's subscription to an API version of its own organization. */
export class SubscriptionRecord {
  id: string;
  organizationId: string;
  applicationId: string;
  apiId: string;
  state: SubscriptionState;
  /** The name of its plan; absent: unlimited. */
  plan?: string;
}

/** Every subscription; one at most of an application to an API version. */
export const subscriptions = feed<SubscriptionRecord>('catalog.subscriptions');

/** A subscription as publishers and developers see it. */
export class Subscription extends SubscriptionRecord {
  /** The API's name, version and context. */
  api: string;
  version: string;
  context: string;
  createdAt: string;
}

export class Subscribe extends SeenApis {
  @IsUUID() organizationId: string;
  /** An application of the organization: the key manager has found it. */
  @IsUUID() applicationId: string;
  @IsString() @MaxLength(131) api: string;
  @IsOptional() @Matches(API_NAME) plan?: string;
}

export class ListSubscriptions extends PageRequest {
  @IsUUID() organizationId: string;
  @IsOptional() @IsUUID() applicationId?: string;
  @IsOptional() @IsString() @MaxLength(131) api?: string;
  /** As of `SeenApis`. */
  @IsOptional() @IsArray() @IsString({ each: true }) seenWith?: string[];
}

export class NameSubscription extends SeenApis {
  @IsUUID() organizationId: string;
  /** Its id. */
  @IsString() @MaxLength(100) subscription: string;
}

/** Changes what is present. */
export class UpdateSubscription extends NameSubscription {
  @IsOptional() @IsIn(SUBSCRIPTION_STATES) state?: SubscriptionState;
  /** `null` takes it away. */
  @IsNullable() @Matches(API_NAME) plan?: string | null;
}

export class ForgetApplication {
  @IsUUID() organizationId: string;
  @IsUUID() applicationId: string;
}

export class SubscriptionPage extends Page<Subscription> {}

/** Errors: `not_found`; `conflict` when there is one; `invalid_request` for an API that is not published, or has no such plan. */
export const subscribe = rpc('catalog.subscription.create', Subscribe, Subscription);
export const listSubscriptions = rpc('catalog.subscription.list', ListSubscriptions, SubscriptionPage, {
  repeatable: true,
});
/** Errors of these: `not_found`. */
export const findSubscription = rpc('catalog.subscription.find', NameSubscription, Subscription, { repeatable: true });
/** Errors: `invalid_request` for a state that does not follow on the one it has. */
export const updateSubscription = rpc('catalog.subscription.update', UpdateSubscription, Subscription, {
  repeatable: true,
});
export const unsubscribe = rpc('catalog.subscription.delete', NameSubscription, Empty);
/** The application is gone, and all its subscriptions with it. */
export const forgetApplication = rpc('catalog.subscription.forget-application', ForgetApplication, Empty, {
  repeatable: true,
});
