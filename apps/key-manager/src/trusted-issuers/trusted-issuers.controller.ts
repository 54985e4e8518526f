import { Handle } from '@keyward/bus';
import {
  createTrustedIssuer,
  deleteTrustedIssuer,
  Empty,
  findTrustedIssuer,
  listTrustedIssuers,
  ServiceError,
  updateTrustedIssuer,
  type CreateTrustedIssuer,
  type ListTrustedIssuers,
  type NameTrustedIssuer,
  type TrustedIssuer,
  type TrustedIssuerPage,
  type UpdateTrustedIssuer,
} from '@keyward/contracts';
import { checkCursor, inOrganization, isDuplicate, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { keysFrom } from '../client-keys/proof';
import { Clock } from '../clock';
import { TrustedIssuerEntity } from './trusted-issuer.entity';

const MOST_ISSUERS = 50;

/** The issuers that organizations trust. They are read when an assertion comes, so what is written holds at once. */
@Controller()
export class TrustedIssuersController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  @Handle(createTrustedIssuer)
  async create(request: CreateTrustedIssuer): Promise<TrustedIssuer> {
    const { organizationId, name, issuer, users = [] } = request;
    const keys = keysFrom({ jwks: null, jwksUri: null }, request);
    assertLinks(users);
    const trusted = { organizationId, name, issuer, ...keys, users, createdAt: new Date(this.clock.now()) };
    await inOrganization(this.dataSource, organizationId, async (manager) => {
      if ((await manager.countBy(TrustedIssuerEntity, { organizationId })) >= MOST_ISSUERS)
        throw new ServiceError('conflict', `an organization trusts ${MOST_ISSUERS} issuers at most`);
      await manager.insert(TrustedIssuerEntity, trusted).catch(refuseTaken);
    });
    return describe(trusted);
  }

  @Handle(listTrustedIssuers)
  async list({ organizationId, after = '', limit }: ListTrustedIssuers): Promise<TrustedIssuerPage> {
    checkCursor(after);
    const where = { organizationId, name: MoreThan(after) };
    const rows = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.find(TrustedIssuerEntity, { where, order: { name: 'ASC' }, take: limit + 1 }),
    );
    return pageOf(rows.map(describe), limit, ({ name }) => name);
  }

  @Handle(findTrustedIssuer)
  async find(request: NameTrustedIssuer): Promise<TrustedIssuer> {
    return describe(
      await inOrganization(this.dataSource, request.organizationId, (manager) => issuerNamed(manager, request)),
    );
  }

  @Handle(updateTrustedIssuer)
  async update(request: UpdateTrustedIssuer): Promise<TrustedIssuer> {
    const { organizationId, name } = request;
    return await inOrganization(this.dataSource, organizationId, async (manager) => {
      const trusted = await issuerNamed(manager, request, { lock: true });
      const changes = { ...keysFrom(trusted, request), users: request.users ?? trusted.users };
      assertLinks(changes.users);
      await manager.update(TrustedIssuerEntity, { organizationId, name }, changes);
      return describe({ ...trusted, ...changes });
    });
  }

  @Handle(deleteTrustedIssuer)
  async delete(request: NameTrustedIssuer): Promise<Empty> {
    const { organizationId, name } = request;
    await inOrganization(this.dataSource, organizationId, async (manager) => {
      await issuerNamed(manager, request, { lock: true });
      await manager.delete(TrustedIssuerEntity, { organizationId, name });
    });
    return new Empty();
  }
}

/** Throws `not_found`. */
async function issuerNamed(
  manager: EntityManager,
  { organizationId, name }: NameTrustedIssuer,
  { lock = false } = {},
): Promise<TrustedIssuerEntity> {
  const options = { where: { organizationId, name }, ...(lock && { lock: { mode: 'pessimistic_write' as const } }) };
  const found = name.includes('\0') ? null : await manager.findOne(TrustedIssuerEntity, options);
  if (!found) throw new ServiceError('not_found', 'no such trusted issuer');
  return found;
}

/** One name, one user. */
function assertLinks(users: readonly { subject: string }[]): void {
  if (new Set(users.map(({ subject }) => subject)).size < users.length)
    throw new ServiceError('invalid_request', 'a subject is linked twice');
  if (users.some(({ subject }) => subject.includes('\0')))
    throw new ServiceError('invalid_request', 'a subject must not have NUL in it');
}

function refuseTaken(error: unknown): never {
  if (isDuplicate(error)) throw new ServiceError('conflict', 'the organization has this name or issuer already');
  throw error;
}

const describe = ({ createdAt, users, ...trusted }: TrustedIssuerEntity): TrustedIssuer => ({
  ...trusted,
  users: users.map(({ subject, userId }) => ({ subject, userId })),
  createdAt: createdAt.toISOString(),
});
