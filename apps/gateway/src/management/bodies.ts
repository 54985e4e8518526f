import { OmitType, PickType } from '@nestjs/swagger';
import {
  ChangeApiState,
  CopyApi,
  CreateApi,
  CreateApplication,
  CreateDenyRule,
  CreateInitialAccessToken,
  CreatePlan,
  CreateRole,
  CreateScope,
  CreateTrustedIssuer,
  CreateUser,
  GenerateApiKey,
  GenerateKey,
  ImportApi,
  LinkUser,
  NameMember,
  PageRequest,
  QueryUsage,
  ResetPassword,
  RotateSecret,
  RotateSigningKey,
  SetBranding,
  Subscribe,
  UpdateApi,
  UpdateApiKey,
  UpdateApplication,
  UpdateApplicationPlan,
  UpdateDenyRule,
  UpdateKey,
  UpdateOrganization,
  UpdatePlan,
  UpdateRole,
  UpdateScope,
  UpdateSubscription,
  UpdateTrustedIssuer,
  UpdateUser,
} from '@keyward/contracts';
import { IsBoolean, IsOptional, IsString, MaxLength } from 'class-validator';

// What is sent is the message without what the path already says.

export class OrganizationChanges extends OmitType(UpdateOrganization, ['organizationId']) {}
export class NewBranding extends OmitType(SetBranding, ['organizationId']) {}
export class NewUser extends OmitType(CreateUser, ['organizationId']) {}
export class UserChanges extends PickType(UpdateUser, ['state', 'roles', 'profile']) {}
export class NewPassword extends PickType(ResetPassword, ['password']) {}
export class NewApplication extends OmitType(CreateApplication, ['organizationId']) {}
export class ApplicationChanges extends OmitType(UpdateApplication, ['organizationId', 'application']) {}
export class NewKey extends OmitType(GenerateKey, ['organizationId', 'application', 'highAssurance']) {}
export class KeyChanges extends OmitType(UpdateKey, ['organizationId', 'consumerKey', 'highAssurance']) {}
export class SecretRotation extends PickType(RotateSecret, ['overlap']) {}
export class NewTrustedIssuer extends OmitType(CreateTrustedIssuer, ['organizationId']) {}
export class TrustedIssuerChanges extends OmitType(UpdateTrustedIssuer, ['organizationId', 'name']) {}
export class NewLink extends PickType(LinkUser, ['subject', 'userId']) {}
export class NewInitialAccessToken extends OmitType(CreateInitialAccessToken, ['organizationId']) {}
export class SigningKeyRotation extends PickType(RotateSigningKey, ['now']) {}
/** What else is to end with a signing key. */
export class SigningKeyRevocation {
  /** Every refresh token of the organization, and every access token there is: all its users sign in again. */
  @IsOptional() @IsBoolean() endGrants?: boolean;
}
export class NewApi extends OmitType(CreateApi, ['organizationId', 'seenWith']) {}
export class ApiDefinition extends OmitType(ImportApi, ['organizationId', 'seenWith']) {}
export class ApiChanges extends OmitType(UpdateApi, ['organizationId', 'api', 'seenWith']) {}
export class ApiStep extends PickType(ChangeApiState, ['state']) {}
export class NewVersion extends PickType(CopyApi, ['version']) {}
export class NewApiKey extends OmitType(GenerateApiKey, ['organizationId', 'application']) {}
export class ApiKeyChanges extends OmitType(UpdateApiKey, ['organizationId', 'application', 'apiKey']) {}
export class NewScope extends OmitType(CreateScope, ['organizationId']) {}
export class ScopeChanges extends OmitType(UpdateScope, ['organizationId', 'scope']) {}
export class NewPlan extends OmitType(CreatePlan, ['organizationId']) {}
export class PlanChanges extends OmitType(UpdatePlan, ['organizationId', 'level', 'plan']) {}
export class ApplicationPlanChanges extends PickType(UpdateApplicationPlan, ['plan']) {}
export class NewDenyRule extends OmitType(CreateDenyRule, ['organizationId', 'target']) {}
export class DenyRuleChanges extends PickType(UpdateDenyRule, ['description', 'active']) {}
export class SubscriptionChanges extends PickType(UpdateSubscription, ['state', 'plan']) {}
export class NewRole extends OmitType(CreateRole, ['organizationId']) {}
export class RoleChanges extends PickType(UpdateRole, ['description']) {}
export class NewMember extends PickType(NameMember, ['username']) {}

/** The application by its id or its name. */
export class NewSubscription extends OmitType(Subscribe, ['organizationId', 'applicationId', 'seenWith']) {
  @IsString() @MaxLength(100) application: string;
}

/** A part of the subscriptions, of one application or API when it is named. */
export class SubscriptionQuery extends PageRequest {
  @IsOptional() @IsString() @MaxLength(100) application?: string;
  @IsOptional() @IsString() @MaxLength(131) api?: string;
}

/** Which calls are added up. */
export class UsageQuery extends OmitType(QueryUsage, ['organizationId', 'applicationId']) {
  @IsOptional() @IsString() @MaxLength(100) application?: string;
}

/** A part of the logout notices, for one client when it is named. */
export class LogoutNoticeQuery extends PageRequest {
  @IsOptional() @IsString() @MaxLength(255) consumerKey?: string;
}

/** A part of the keys, of one application when it is named. */
export class KeyQuery extends PageRequest {
  @IsOptional() @IsString() @MaxLength(100) application?: string;
}
