import type { Bus } from '@keyward/bus';
import { trustedIssuers, type IssuerAccess, type TrustedIssuerRecord } from '@keyward/contracts';
import { appendChange, FeedOwner, inOrganization, query } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { trustedIssuerRecordOf, type TrustedIssuerEntity } from './trusted-issuer.entity';

interface Row {
  organization_id: string;
  id: string;
  name: string;
  issuer: string;
  access: IssuerAccess;
}

/** Tells gateways whose access tokens open APIs. */
export class TrustedIssuerFeed {
  readonly owner: FeedOwner<TrustedIssuerRecord>;

  constructor(
    private readonly dataSource: DataSource,
    bus: Bus,
  ) {
    this.owner = new FeedOwner(dataSource, bus, trustedIssuers, async (after, limit) => {
      const sql = 'SELECT * FROM trusted_issuers_after($1, $2)';
      const rows = await query<Row>(dataSource, 'trusted-issuers-after', sql, [after ?? null, limit]);
      return rows.map(({ id, organization_id: organizationId, name, issuer, access }) => ({
        id,
        record: { organizationId, name, issuer, access },
      }));
    });
  }

  /** One transaction in an organization, whose result is the issuer as it is now; without `access`, gateways forget it. */
  async write(
    organizationId: string,
    work: (manager: EntityManager) => Promise<TrustedIssuerEntity>,
  ): Promise<TrustedIssuerEntity> {
    const trusted = await inOrganization(this.dataSource, organizationId, async (manager) => {
      const written = await work(manager);
      await appendChange(manager, trustedIssuers, written.id, trustedIssuerRecordOf(written));
      return written;
    });
    void this.owner.publishNew();
    return trusted;
  }
}
