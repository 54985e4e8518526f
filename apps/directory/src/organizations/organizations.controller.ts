import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  createOrganization,
  findOrganization,
  listOrganizations,
  updateOrganization,
  type CreateOrganization,
  type FindOrganization,
  type Organization,
  type OrganizationPage,
  type PageRequest,
  type UpdateOrganization,
} from '@keyward/contracts';
import { Organizations } from './organizations';

/** `directory.organization.*` */
@Controller()
export class OrganizationsController {
  constructor(private readonly organizations: Organizations) {}

  @Handle(createOrganization)
  create({ key, name }: CreateOrganization): Promise<Organization> {
    return this.organizations.create({ key, name });
  }

  @Handle(findOrganization)
  find({ key }: FindOrganization): Promise<Organization> {
    return this.organizations.find(key);
  }

  @Handle(listOrganizations)
  list(page: PageRequest): Promise<OrganizationPage> {
    return this.organizations.list(page);
  }

  @Handle(updateOrganization)
  update(request: UpdateOrganization): Promise<Organization> {
    return this.organizations.update(request);
  }
}
