import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { OrganizationsAndUsers1763700000000 } from './migrations/1763700000000-organizations-and-users';
import { PasswordAttempts1763700000001 } from './migrations/1763700000001-password-attempts';
import { OrganizationEntity } from './organizations/organization.entity';
import { UserEntity } from './users/user.entity';

/** What `migrate` needs to know of the directory. */
export const DIRECTORY_SCHEMA = {
  schema: 'directory',
  migrations: [OrganizationsAndUsers1763700000000, PasswordAttempts1763700000001],
};

export const directoryDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({ url, caFile, poolSize, schema: 'directory', entities: [OrganizationEntity, UserEntity] });
