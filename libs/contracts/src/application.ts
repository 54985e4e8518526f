import { IsBoolean, IsOptional, IsString, IsUUID, MaxLength, MinLength } from 'class-validator';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** What a developer registers; it holds consumer keys. */
export class Application {
  id: string;
  organizationId: string;
  /** Unique in its organization. */
  name: string;
  multiOrganization: boolean;
  strictScopes: boolean;
  createdAt: string;
}

export class CreateApplication {
  @IsUUID() organizationId: string;
  @IsString() @MinLength(1) @MaxLength(100) name: string;
  @IsOptional() @IsBoolean() multiOrganization?: boolean;
  @IsOptional() @IsBoolean() strictScopes?: boolean;
}

export class ListApplications extends PageRequest {
  @IsUUID() organizationId: string;
}

/** An application by its id or its name. */
export class NameApplication {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) application: string;
}

export class UpdateApplication extends NameApplication {
  @IsOptional() @IsString() @MinLength(1) @MaxLength(100) name?: string;
  @IsOptional() @IsBoolean() multiOrganization?: boolean;
  @IsOptional() @IsBoolean() strictScopes?: boolean;
}

export class ApplicationPage extends Page<Application> {}

/** Errors of these: `not_found`; `conflict` when a name is taken. */
export const createApplication = rpc('key-manager.application.create', CreateApplication, Application);
export const listApplications = rpc('key-manager.application.list', ListApplications, ApplicationPage, {
  repeatable: true,
});
export const findApplication = rpc('key-manager.application.find', NameApplication, Application, { repeatable: true });
export const updateApplication = rpc('key-manager.application.update', UpdateApplication, Application, {
  repeatable: true,
});
export const deleteApplication = rpc('key-manager.application.delete', NameApplication, Empty);
