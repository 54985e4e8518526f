import { IsBoolean, IsIn, IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';
import { feed } from './feed';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** What may be denied: all calls from addresses, of an application, of a user, to an API. */
export const DENIED_KINDS = ['ip', 'application', 'user', 'api'] as const;
export type DeniedKind = (typeof DENIED_KINDS)[number];

/** What gateways hold of a rule. */
export class DenyRuleRecord {
  organizationId: string;
  kind: DeniedKind;
  /** An address or a range of them (CIDR); the id of an application, a user or an API version. */
  target: string;
}

/** Every rule that holds now: who gets nothing from the organization's APIs. */
export const denyRules = feed<DenyRuleRecord>('catalog.deny-rules');

/** A rule as who looks after the APIs sees it. */
export class DenyRule extends DenyRuleRecord {
  id: string;
  /** What it was named by. */
  value: string;
  description: string;
  active: boolean;
  createdAt: string;
}

export class CreateDenyRule {
  @IsUUID() organizationId: string;
  @IsIn(DENIED_KINDS) kind: DeniedKind;
  @IsString() @MinLength(1) @MaxLength(384) value: string;
  /** Of an application or a user: whom its owner knows by that name. */
  @IsOptional() @IsUUID() target?: string;
  @IsOptional() @IsString() @MaxLength(500) description?: string;
  @IsOptional() @IsBoolean() active?: boolean;
}

export class ListDenyRules extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameDenyRule {
  @IsUUID() organizationId: string;
  /** Its id. */
  @IsString() @MaxLength(100) rule: string;
}

/** Changes what is present. */
export class UpdateDenyRule extends NameDenyRule {
  @IsOptional() @IsString() @MaxLength(500) description?: string;
  @IsOptional() @IsBoolean() active?: boolean;
}

export class DenyRulePage extends Page<DenyRule> {}

/** Errors: `invalid_request` for what is no address, `not_found` for an API that is not there, `conflict` when there is one, or 1000 already. */
export const createDenyRule = rpc('catalog.deny-rule.create', CreateDenyRule, DenyRule);
export const listDenyRules = rpc('catalog.deny-rule.list', ListDenyRules, DenyRulePage, { repeatable: true });
/** Errors of these: `not_found`. */
export const findDenyRule = rpc('catalog.deny-rule.find', NameDenyRule, DenyRule, { repeatable: true });
export const updateDenyRule = rpc('catalog.deny-rule.update', UpdateDenyRule, DenyRule, { repeatable: true });
export const deleteDenyRule = rpc('catalog.deny-rule.delete', NameDenyRule, Empty);
