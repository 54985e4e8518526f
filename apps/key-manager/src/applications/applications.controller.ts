import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  createApplication,
  deleteApplication,
  Empty,
  findApplication as findApplicationMessage,
  listApplications,
  ServiceError,
  updateApplication,
  type Application,
  type ApplicationPage,
  type CreateApplication,
  type ListApplications,
  type NameApplication,
  type UpdateApplication,
} from '@keyward/contracts';
import { checkCursor, inOrganization, isDuplicate, pageOf, RevocationOwner } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { ApiKeyFeed } from '../api-keys/api-key-feed';
import { Clock } from '../clock';
import { ConsumerKeyChanges } from '../consumer-keys/consumer-key-changes';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { revokeForEver } from '../consumer-keys/revoked-keys';
import { refuseOwnClient } from '../own-client';
import { ApplicationEntity } from './application.entity';
import { assertName, findApplication } from './find-application';

/** The applications of an organization. */
@Controller()
export class ApplicationsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: ConsumerKeyChanges,
    private readonly apiKeys: ApiKeyFeed,
    private readonly revocations: RevocationOwner,
    private readonly clock: Clock,
  ) {}

  @Handle(createApplication)
  async create(request: CreateApplication): Promise<Application> {
    assertName(request.name);
    const application: ApplicationEntity = {
      organizationId: request.organizationId,
      id: randomUUID(),
      name: request.name,
      multiOrganization: request.multiOrganization ?? false,
      strictScopes: request.strictScopes ?? false,
      createdAt: new Date(this.clock.now()),
    };
    await inOrganization(this.dataSource, request.organizationId, (manager) =>
      manager.insert(ApplicationEntity, application).catch(refuseTakenName),
    );
    return describe(application);
  }

  @Handle(listApplications)
  async list({ organizationId, after = '', limit }: ListApplications): Promise<ApplicationPage> {
    checkCursor(after);
    const rows = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.find(ApplicationEntity, {
        where: { organizationId, name: MoreThan(after) },
        order: { name: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(rows.map(describe), limit, ({ name }) => name);
  }

  @Handle(findApplicationMessage)
  async find(request: NameApplication): Promise<Application> {
    return describe(
      await inOrganization(this.dataSource, request.organizationId, (manager) => findApplication(manager, request)),
    );
  }

  @Handle(updateApplication)
  async update(request: UpdateApplication): Promise<Application> {
    if (request.name != null) assertName(request.name);
    return await this.changes.write(request.organizationId, async (manager, changed) => {
      const application = await findApplication(manager, request, { lock: true });
      if (request.name != null) refuseOwnClient(request.organizationId, application.name);
      application.name = request.name ?? application.name;
      application.multiOrganization = request.multiOrganization ?? application.multiOrganization;
      application.strictScopes = request.strictScopes ?? application.strictScopes;
      const { organizationId, id, name, multiOrganization, strictScopes } = application;
      await manager
        .update(ApplicationEntity, { organizationId, id }, { name, multiOrganization, strictScopes })
        .catch(refuseTakenName);
      for (const { consumerKey } of await keysOf(manager, application)) changed(consumerKey);
      return describe(application);
    });
  }

  /** Its keys go with it. */
  @Handle(deleteApplication)
  async delete(request: NameApplication): Promise<Empty> {
    await this.changes.write(request.organizationId, async (manager, changed) => {
      const application = await findApplication(manager, request, { lock: true });
      const { organizationId, id, name } = application;
      refuseOwnClient(organizationId, name);
      const keys = await keysOf(manager, application);
      for (const { consumerKey } of keys) changed(consumerKey);
      await this.apiKeys.forget(manager, organizationId, id);
      await manager.delete(ApplicationEntity, { organizationId, id });
      for (const key of keys) await revokeForEver(this.revocations, manager, key, this.clock.now());
    });
    void this.revocations.publishNew();
    void this.apiKeys.owner.publishNew();
    return new Empty();
  }
}

const keysOf = (manager: EntityManager, { organizationId, id }: ApplicationEntity): Promise<ConsumerKeyEntity[]> =>
  manager.findBy(ConsumerKeyEntity, { organizationId, applicationId: id });

const describe = ({ createdAt, ...application }: ApplicationEntity): Application => ({
  ...application,
  createdAt: createdAt.toISOString(),
});

function refuseTakenName(error: unknown): never {
  if (isDuplicate(error)) throw new ServiceError('conflict', 'the organization has an application of this name');
  throw error;
}
