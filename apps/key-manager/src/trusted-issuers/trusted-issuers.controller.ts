import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  createTrustedIssuer,
  deleteTrustedIssuer,
  Empty,
  findTrustedIssuer,
  getIssuerKeys,
  linkUser,
  listTrustedIssuers,
  MOST_LINKED,
  ServiceError,
  unlinkUser,
  updateTrustedIssuer,
  type ClientJwks,
  type CreateTrustedIssuer,
  type IssuerKeysOf,
  type LinkedUser,
  type LinkUser,
  type ListTrustedIssuers,
  type NameTrustedIssuer,
  type TrustedIssuer,
  type TrustedIssuerPage,
  type UnlinkUser,
  type UpdateTrustedIssuer,
} from '@keyward/contracts';
import { checkCursor, inOrganization, isDuplicate, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { keysFrom } from '../client-keys/proof';
import { RemoteJwks } from '../client-keys/remote-jwks';
import { Clock } from '../clock';
import { accessFrom } from './access';
import { TrustedIssuerFeed } from './trusted-issuer-feed';
import { TrustedIssuerEntity } from './trusted-issuer.entity';

const MOST_ISSUERS = 50;

/**
 * The issuers that organizations trust. For an assertion they are read when it comes, so what is written holds at once; of access
 * tokens, gateways are told.
 */
@Controller()
export class TrustedIssuersController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feed: TrustedIssuerFeed,
    private readonly remote: RemoteJwks,
    private readonly clock: Clock,
  ) {}

  @Handle(createTrustedIssuer)
  async create(request: CreateTrustedIssuer): Promise<TrustedIssuer> {
    const { organizationId, name, issuer, users = [] } = request;
    const keys = keysFrom({ jwks: null, jwksUri: null }, request);
    assertLinks(users);
    const [id, createdAt] = [randomUUID(), new Date(this.clock.now())];
    const trusted = await this.feed.write(organizationId, async (manager) => {
      if ((await manager.countBy(TrustedIssuerEntity, { organizationId })) >= MOST_ISSUERS)
        throw new ServiceError('conflict', `an organization trusts ${MOST_ISSUERS} issuers at most`);
      const access = request.access ? await accessFrom(manager, organizationId, request.access) : null;
      const made: TrustedIssuerEntity = { organizationId, name, id, issuer, ...keys, users, access, createdAt };
      await manager.insert(TrustedIssuerEntity, made).catch(refuseTaken);
      return made;
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
    const updated = await this.feed.write(organizationId, async (manager) => {
      const trusted = await issuerNamed(manager, request, { lock: true });
      const { users = trusted.users, access } = request;
      assertLinks(users);
      const changes = {
        ...{ ...keysFrom(trusted, request), users },
        access: access ? await accessFrom(manager, organizationId, access) : access === null ? null : trusted.access,
      };
      await manager.update(TrustedIssuerEntity, { organizationId, name }, changes);
      return { ...trusted, ...changes };
    });
    return describe(updated);
  }

  @Handle(linkUser)
  async link({ subject, userId, ...name }: LinkUser): Promise<TrustedIssuer> {
    return this.relink(name, (users) => {
      const others = users.filter((linked) => linked.subject !== subject);
      if (others.length >= MOST_LINKED)
        throw new ServiceError('conflict', `an issuer speaks of ${MOST_LINKED} users at most`);
      return [...others, { subject, userId }];
    });
  }

  @Handle(unlinkUser)
  async unlink({ subject, ...name }: UnlinkUser): Promise<TrustedIssuer> {
    return this.relink(name, (users) => {
      const left = users.filter((linked) => linked.subject !== subject);
      if (left.length === users.length) throw new ServiceError('not_found', 'this subject is not linked');
      return left;
    });
  }

  @Handle(deleteTrustedIssuer)
  async delete(request: NameTrustedIssuer): Promise<Empty> {
    const { organizationId, name } = request;
    await this.feed.write(organizationId, async (manager) => {
      const trusted = await issuerNamed(manager, request, { lock: true });
      await manager.delete(TrustedIssuerEntity, { organizationId, name });
      return { ...trusted, access: null };
    });
    return new Empty();
  }

  /** Under the row's lock, so that of many at once none is lost. Gateways are told nothing of it. */
  private async relink(
    request: NameTrustedIssuer,
    change: (users: LinkedUser[]) => LinkedUser[],
  ): Promise<TrustedIssuer> {
    const { organizationId, name } = request;
    return inOrganization(this.dataSource, organizationId, async (manager) => {
      const trusted = await issuerNamed(manager, request, { lock: true });
      const users = change(trusted.users);
      assertLinks(users);
      await manager.update(TrustedIssuerEntity, { organizationId, name }, { users });
      return describe({ ...trusted, users });
    });
  }

  /** The one way out is the key manager's: gateways ask here for what an issuer publishes. */
  @Handle(getIssuerKeys)
  async keys({ organizationId, id, newer }: IssuerKeysOf): Promise<ClientJwks> {
    const trusted = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.findOneBy(TrustedIssuerEntity, { organizationId, id }),
    );
    if (!trusted?.access) throw new ServiceError('not_found', 'no such trusted issuer');
    const { jwks, jwksUri: url } = trusted;
    const keys = jwks ?? (url && (await this.remote[newer ? 'again' : 'at'](organizationId, url)));
    if (!keys)
      throw new ServiceError('temporarily_unavailable', undefined, { detail: 'an issuer’s keys', retryAfter: 1 });
    return keys;
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

function describe(trusted: TrustedIssuerEntity): TrustedIssuer {
  const { organizationId, name, issuer, jwks, jwksUri, users, access, createdAt } = trusted;
  return {
    ...{ organizationId, name, issuer, jwks, jwksUri, access },
    users: users.map(({ subject, userId }) => ({ subject, userId })),
    createdAt: createdAt.toISOString(),
  };
}
