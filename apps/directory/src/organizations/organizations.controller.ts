import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import {
  createOrganization,
  findOrganization,
  listOrganizations,
  organizations as feed,
  updateOrganization,
  type Changes,
  type ChangesSince,
  type CreateOrganization,
  type FindOrganization,
  type Heartbeat,
  type Organization,
  type OrganizationPage,
  type PageRequest,
  type SnapshotPage,
  type SnapshotPageOf,
  type UpdateOrganization,
} from '@keyward/contracts';
import { FeedOwner } from '@keyward/database';
import { Organizations } from './organizations';

/** `directory.organization.*` and the feed `directory.organizations`. */
@Controller()
export class OrganizationsController {
  constructor(
    private readonly organizations: Organizations,
    private readonly owner: FeedOwner<Organization>,
  ) {}

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

  @Handle(feed.position)
  position(): Promise<Heartbeat> {
    return this.owner.position();
  }

  @Handle(feed.since)
  since(request: ChangesSince): Promise<Changes<Organization>> {
    return this.owner.since(request);
  }

  @Handle(feed.snapshot)
  snapshot(request: SnapshotPageOf): Promise<SnapshotPage<Organization>> {
    return this.owner.snapshot(request);
  }
}
