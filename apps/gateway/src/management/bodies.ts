import { OmitType, PickType } from '@nestjs/swagger';
import {
  CreateApplication,
  CreateUser,
  GenerateKey,
  PageRequest,
  ResetPassword,
  RotateSecret,
  RotateSigningKey,
  UpdateApplication,
  UpdateKey,
  UpdateOrganization,
  UpdateUser,
} from '@keyward/contracts';
import { IsOptional, IsString, MaxLength } from 'class-validator';

// What is sent is the message without what the path already says.

export class OrganizationChanges extends OmitType(UpdateOrganization, ['organizationId']) {}
export class NewUser extends OmitType(CreateUser, ['organizationId']) {}
export class UserChanges extends PickType(UpdateUser, ['state', 'roles']) {}
export class NewPassword extends PickType(ResetPassword, ['password']) {}
export class NewApplication extends OmitType(CreateApplication, ['organizationId']) {}
export class ApplicationChanges extends OmitType(UpdateApplication, ['organizationId', 'application']) {}
export class NewKey extends OmitType(GenerateKey, ['organizationId', 'application']) {}
export class KeyChanges extends OmitType(UpdateKey, ['organizationId', 'consumerKey']) {}
export class SecretRotation extends PickType(RotateSecret, ['overlap']) {}
export class SigningKeyRotation extends PickType(RotateSigningKey, ['now']) {}

/** A part of the keys, of one application when it is named. */
export class KeyQuery extends PageRequest {
  @IsOptional() @IsString() @MaxLength(100) application?: string;
}
