import { randomUUID } from 'node:crypto';
import {
  ORG_KEY,
  organizations as feed,
  ROOT_ORGANIZATION,
  ServiceError,
  type CreateOrganization,
  type Organization,
  type OrganizationPage,
  type PageRequest,
  type UpdateOrganization,
} from '@keyward/contracts';
import {
  appendChange,
  checkCursor,
  inTransaction,
  isDuplicate,
  pageOf,
  type FeedOwner,
  type ReadRecords,
} from '@keyward/database';
import { MoreThan, type DataSource, type EntityManager, type Repository } from 'typeorm';
import { makeBuiltInRoles } from '../roles/built-in-roles';
import { OrganizationEntity, organizationOf } from './organization.entity';

const DEFAULTS = {
  state: 'active',
  passwordGrant: true,
  pkce: 'all',
  colour: null,
  logo: null,
  compatibilityProfile: 'rfc',
  highAssurance: false,
  clientRegistration: 'closed',
  dpopNonce: false,
} as const;

const SWITCHES = [
  ...(['passwordGrant', 'pkce', 'compatibilityProfile', 'highAssurance'] as const),
  ...(['clientRegistration', 'dpopNonce'] as const),
] as const;
type Switches = Pick<UpdateOrganization, (typeof SWITCHES)[number]>;

/** The organizations; every change of one is in their feed when it is committed. */
export class Organizations {
  constructor(
    private readonly database: DataSource,
    private readonly owner: Pick<FeedOwner<Organization>, 'publishNew'>,
  ) {}

  /** The name is the key when none is given. */
  async create(request: CreateOrganization, id: string = randomUUID()): Promise<Organization> {
    const { key } = request;
    const name = request.name ?? key;
    checkName(name);
    try {
      return await this.write(async (manager) => {
        const row = manager.create(OrganizationEntity, { ...DEFAULTS, id, key, name });
        await manager.insert(OrganizationEntity, row);
        await makeBuiltInRoles(manager, id);
        return row;
      });
    } catch (error) {
      if (isDuplicate(error)) throw new ServiceError('conflict', 'this key is taken');
      throw error;
    }
  }

  async update({ organizationId: id, ...changes }: UpdateOrganization): Promise<Organization> {
    const { name, state } = changes;
    if (id === ROOT_ORGANIZATION.id) refuseLockingOut(changes);
    if (name != null) checkName(name);
    return this.write(async (manager) => {
      const row = await manager.findOne(OrganizationEntity, { where: { id }, lock: { mode: 'pessimistic_write' } });
      if (!row) throw notFound();
      row.name = name ?? row.name;
      row.state = state ?? row.state;
      for (const name of SWITCHES) setSwitch(row, changes, name);
      return manager.save(row);
    });
  }

  async find(key: string): Promise<Organization> {
    const wanted = key.toLowerCase();
    const row = ORG_KEY.test(wanted) ? await this.read((rows) => rows.findOneBy({ key: wanted })) : null;
    if (!row) throw notFound();
    return organizationOf(row);
  }

  async list({ after = '', limit }: PageRequest): Promise<OrganizationPage> {
    checkCursor(after);
    const rows = await this.read((rows) =>
      rows.find({ where: { key: MoreThan(after) }, order: { key: 'ASC' }, take: limit + 1 }),
    );
    return pageOf(rows.map(organizationOf), limit, ({ key }) => key);
  }

  /** In one transaction: the row and its change in the feed, last, for other writers wait from then on. */
  private async write(change: (manager: EntityManager) => Promise<OrganizationEntity>): Promise<Organization> {
    const changed = await inTransaction(this.database, async (manager) => {
      const organization = organizationOf(await change(manager));
      await appendChange(manager, feed, organization.id, organization);
      return organization;
    });
    void this.owner.publishNew();
    return changed;
  }

  private read<T>(work: (rows: Repository<OrganizationEntity>) => Promise<T>): Promise<T> {
    return inTransaction(this.database, (manager) => work(manager.getRepository(OrganizationEntity)));
  }
}

/** The feed's snapshot: in the order of ids. */
export const readOrganizations =
  (database: DataSource): ReadRecords<Organization> =>
  (after, limit) =>
    inTransaction(database, async (manager) => {
      const where = after === undefined ? {} : { id: MoreThan(after) };
      const rows = await manager.find(OrganizationEntity, { where, order: { id: 'ASC' }, take: limit });
      return rows.map((row) => ({ id: row.id, record: organizationOf(row) }));
    });

/** Operators sign in to `root` by password: who takes that away cannot give it back. */
function refuseLockingOut({ state, passwordGrant, highAssurance }: Omit<UpdateOrganization, 'organizationId'>): void {
  if (state === 'suspended') throw new ServiceError('invalid_request', 'the root organization cannot be suspended');
  if (passwordGrant === false)
    throw new ServiceError('invalid_request', 'the root organization needs the password grant');
  if (highAssurance)
    throw new ServiceError('invalid_request', 'the command line of the root organization has a secret, and no key');
}

const notFound = () => new ServiceError('not_found', 'there is no such organization');

/** Nor a lone surrogate, which the database would keep as another character. */
function checkName(name: string): void {
  if (/[\p{Cc}\p{Cs}]/u.test(name))
    throw new ServiceError('invalid_request', 'a name may not contain control characters');
}

function setSwitch<K extends keyof Switches>(row: Required<Switches>, asked: Switches, name: K): void {
  const value = asked[name];
  if (value != null) row[name] = value as Required<Switches>[K];
}
