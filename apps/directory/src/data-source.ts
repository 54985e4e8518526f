import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { LogoEntity } from './branding/logo.entity';
import { OrganizationsAndUsers1763700000000 } from './migrations/1763700000000-organizations-and-users';
import { PasswordAttempts1763700000001 } from './migrations/1763700000001-password-attempts';
import { Profiles1763740000000 } from './migrations/1763740000000-profiles';
import { Roles1763700000010 } from './migrations/1763700000010-roles';
import { Revocations1763800000000 } from './migrations/1763800000000-revocations';
import { BuiltInRoles1763900000100 } from './migrations/1763900000100-built-in-roles';
import { Pkce1763910000001 } from './migrations/1763910000001-pkce';
import { Branding1763910000002 } from './migrations/1763910000002-branding';
import { CompatibilityProfiles1763940000000 } from './migrations/1763940000000-compatibility-profiles';
import { HighAssurance1763920000000 } from './migrations/1763920000000-high-assurance';
import { ClientRegistration1764010000000 } from './migrations/1764010000000-client-registration';
import { DpopNonces1764010000001 } from './migrations/1764010000001-dpop-nonces';
import { EndedGrants1764080000000 } from './migrations/1764080000000-ended-grants';
import { SupersededSignIns1764090000000 } from './migrations/1764090000000-superseded-sign-ins';
import { OrganizationEntity } from './organizations/organization.entity';
import { RoleEntity } from './roles/role.entity';
import { UserEntity } from './users/user.entity';

/** What `migrate` needs to know of the directory. */
export const DIRECTORY_SCHEMA = {
  schema: 'directory',
  migrations: [
    OrganizationsAndUsers1763700000000,
    PasswordAttempts1763700000001,
    Roles1763700000010,
    Profiles1763740000000,
    Revocations1763800000000,
    BuiltInRoles1763900000100,
    Pkce1763910000001,
    Branding1763910000002,
    CompatibilityProfiles1763940000000,
    HighAssurance1763920000000,
    ClientRegistration1764010000000,
    DpopNonces1764010000001,
    EndedGrants1764080000000,
    SupersededSignIns1764090000000,
  ],
};

export const directoryDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({
    url,
    caFile,
    poolSize,
    schema: 'directory',
    entities: [LogoEntity, OrganizationEntity, RoleEntity, UserEntity],
  });

const BY_KEY = 'found by its key, and listed, before an organization is known';

/** What is not isolated by organization, each with its reason; a test walks the catalog. */
export const DIRECTORY_EXCEPTIONS: Readonly<Record<string, string>> = {
  'directory.organizations': BY_KEY,
  'directory.organizations_pkey': BY_KEY,
  'directory.organizations_key_key': BY_KEY,
};
