import { Module, type DynamicModule } from '@nestjs/common';
import { feedController } from '@keyward/bus';
import { organizations as organizationFeed, userRevocations, type Organization } from '@keyward/contracts';
import type { FeedOwner, RevocationOwner } from '@keyward/database';
import { BrandingController } from './branding/branding.controller';
import { Brandings } from './branding/brandings';
import { Organizations } from './organizations/organizations';
import { OrganizationsController } from './organizations/organizations.controller';
import { Roles } from './roles/roles';
import { RolesController } from './roles/roles.controller';
import { SignIn } from './users/sign-in';
import { Users } from './users/users';
import { UsersController } from './users/users.controller';

/** What the directory's controllers hand their messages to. */
export interface DirectoryParts {
  organizations: Organizations;
  brandings: Brandings;
  owner: FeedOwner<Organization>;
  revocations: RevocationOwner;
  users: Users;
  roles: Roles;
  signIn: SignIn;
}

/** Answers all of `directory.*`. */
@Module({})
export class DirectoryModule {
  static with({ organizations, brandings, owner, revocations, users, roles, signIn }: DirectoryParts): DynamicModule {
    return {
      module: DirectoryModule,
      controllers: [
        OrganizationsController,
        BrandingController,
        UsersController,
        RolesController,
        feedController(organizationFeed, owner),
        feedController(userRevocations, revocations),
      ],
      providers: [
        { provide: Organizations, useValue: organizations },
        { provide: Brandings, useValue: brandings },
        { provide: Users, useValue: users },
        { provide: Roles, useValue: roles },
        { provide: SignIn, useValue: signIn },
      ],
    };
  }
}
