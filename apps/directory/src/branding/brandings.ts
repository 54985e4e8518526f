import {
  organizations as feed,
  ServiceError,
  type Branding,
  type Organization,
  type SetBranding,
} from '@keyward/contracts';
import { appendChange, inOrganization, type FeedOwner } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { OrganizationEntity, organizationOf } from '../organizations/organization.entity';
import { readLogo } from './logo';
import { LogoEntity } from './logo.entity';

/** How organizations' pages look. Colour and the logo's name are in the organization's record, its bytes are asked for. */
export class Brandings {
  constructor(
    private readonly database: DataSource,
    private readonly owner: Pick<FeedOwner<Organization>, 'publishNew'>,
  ) {}

  find(organizationId: string): Promise<Branding> {
    return inOrganization(this.database, organizationId, async (manager) => {
      const { colour } = await organizationRow(manager, organizationId);
      const logo = await manager.findOneBy(LogoEntity, { organizationId });
      return { colour, logo: logo?.bytes.toString('base64') ?? null, logoType: logo?.type ?? null };
    });
  }

  async set({ organizationId, colour, logo: base64 }: SetBranding): Promise<Branding> {
    const logo = base64 == null ? undefined : readLogo(base64);
    await inOrganization(this.database, organizationId, async (manager) => {
      const row = await organizationRow(manager, organizationId, { lock: true });
      row.colour = colour?.toLowerCase() ?? null;
      row.logo = logo?.digest ?? null;
      await manager.delete(LogoEntity, { organizationId });
      if (logo) await manager.insert(LogoEntity, { organizationId, type: logo.type, bytes: logo.bytes });
      await manager.save(row);
      await appendChange(manager, feed, organizationId, organizationOf(row));
    });
    void this.owner.publishNew();
    return this.find(organizationId);
  }
}

async function organizationRow(manager: EntityManager, id: string, { lock = false } = {}): Promise<OrganizationEntity> {
  const row = await manager.findOne(OrganizationEntity, {
    where: { id },
    ...(lock && { lock: { mode: 'pessimistic_write' as const } }),
  });
  if (!row) throw new ServiceError('not_found', 'there is no such organization');
  return row;
}
