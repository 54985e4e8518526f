import { ArrayMaxSize, ArrayUnique, IsArray, IsOptional, IsString, IsUUID, Matches, MaxLength } from 'class-validator';
import { SCOPE_TOKEN } from './api';
import { feed } from './feed';
import { Page, PageRequest } from './page';
import { Empty, rpc } from './rpc';

/** What the token service holds of a scope that an organization's APIs use. */
export class ScopeRecord {
  organizationId: string;
  name: string;
  /** Roles of the organization's directory, any one of which a user needs; empty: every user may have it. */
  roles: string[];
}

/** Every scope of every organization, under an id of its own. */
export const scopes = feed<ScopeRecord>('catalog.scopes');

/** Scopes of the platform and of OpenID Connect; those that begin with `keyward:` are the platform's as well. */
export const OWN_SCOPES: readonly string[] =
  'default openid profile email address phone offline_access am_application_scope'.split(' ');

/** A scope as publishers see it. */
export class Scope extends ScopeRecord {
  description: string;
  createdAt: string;
}

class ScopeSettings {
  @IsOptional() @IsString() @MaxLength(500) description?: string;
  /** Compared without regard to case; a token that no user stands behind never has a scope that needs a role. */
  @IsOptional() @IsArray() @ArrayMaxSize(50) @ArrayUnique() @Matches(/^[\w.-]{1,64}$/, { each: true }) roles?: string[];
}

export class CreateScope extends ScopeSettings {
  @IsUUID() organizationId: string;
  @Matches(SCOPE_TOKEN, { message: 'name must be one scope-token of RFC 6749, at most 100 characters' }) name: string;
}

export class ListScopes extends PageRequest {
  @IsUUID() organizationId: string;
}

export class NameScope {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) scope: string;
}

/** Changes what is present. */
export class UpdateScope extends ScopeSettings {
  @IsUUID() organizationId: string;
  @IsString() @MaxLength(100) scope: string;
}

export class ScopePage extends Page<Scope> {}

/** Errors: `conflict` when the name is taken; `invalid_request` for a scope of the platform's own. */
export const createScope = rpc('catalog.scope.create', CreateScope, Scope);
export const listScopes = rpc('catalog.scope.list', ListScopes, ScopePage, { repeatable: true });
/** Errors of these: `not_found`. */
export const findScope = rpc('catalog.scope.find', NameScope, Scope, { repeatable: true });
export const updateScope = rpc('catalog.scope.update', UpdateScope, Scope, { repeatable: true });
/** Errors: `conflict` while a resource names it. */
export const deleteScope = rpc('catalog.scope.delete', NameScope, Empty);
