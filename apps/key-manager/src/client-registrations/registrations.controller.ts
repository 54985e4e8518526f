import { Handle } from '@keyward/bus';
import {
  findRegistration,
  listRegistrations,
  type FindRegistration,
  type ListRegistrations,
  type Registration,
  type RegistrationPage,
} from '@keyward/contracts';
import { checkCursor, inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, In, MoreThan, type EntityManager } from 'typeorm';
import { describeKeys } from '../consumer-keys/describe-keys';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { namedRegistration } from './find-registration';
import { RegistrationEntity } from './registration.entity';

/** The clients of an organization that have registered themselves, for its administrators. */
@Controller()
export class RegistrationsController {
  constructor(private readonly dataSource: DataSource) {}

  @Handle(listRegistrations)
  async list({ organizationId, after = '', limit }: ListRegistrations): Promise<RegistrationPage> {
    checkCursor(after);
    return await inOrganization(this.dataSource, organizationId, async (manager) => {
      const rows = await manager.find(RegistrationEntity, {
        where: { organizationId, consumerKey: MoreThan(after) },
        order: { consumerKey: 'ASC' },
        take: limit + 1,
      });
      return pageOf(await describe(manager, rows), limit, ({ clientId }) => clientId);
    });
  }

  @Handle(findRegistration)
  async find(request: FindRegistration): Promise<Registration> {
    return await inOrganization(this.dataSource, request.organizationId, async (manager) => {
      const { registration } = await namedRegistration(manager, request);
      return only(await describe(manager, [registration]));
    });
  }
}

async function describe(manager: EntityManager, rows: RegistrationEntity[]): Promise<Registration[]> {
  const [first] = rows;
  if (!first) return [];
  const names = { organizationId: first.organizationId, consumerKey: In(rows.map(({ consumerKey }) => consumerKey)) };
  const keys = await describeKeys(manager, await manager.findBy(ConsumerKeyEntity, names));
  return rows.flatMap((row) => {
    const key = keys.find(({ consumerKey }) => consumerKey === row.consumerKey);
    if (!key) return [];
    const { applicationId, application, trusted } = key;
    const { registeredBy: by, tokenId, about, createdAt } = row;
    const its = { clientId: row.consumerKey, applicationId, application, by, tokenId, trusted, about };
    return [{ ...its, createdAt: createdAt.toISOString() }];
  });
}

function only([one]: Registration[]): Registration {
  if (!one) throw new Error('a registration is described by itself');
  return one;
}
