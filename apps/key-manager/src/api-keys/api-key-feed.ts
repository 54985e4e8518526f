import type { Bus } from '@keyward/bus';
import { apiKeys, type ApiKeyRecord } from '@keyward/contracts';
import { appendChange, FeedOwner, inOrganization, query } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { ApiKeyEntity, apiKeyRecordOf } from './api-key.entity';

interface Row {
  organization_id: string;
  id: string;
  application_id: string;
  kind: ApiKeyRecord['kind'];
  hash: Buffer;
  addresses: string[];
  referrers: string[];
  expires_at: Date | null;
}

/** Tells gateways of API keys: of those that are disabled or deleted, that they are gone. */
export class ApiKeyFeed {
  readonly owner: FeedOwner<ApiKeyRecord>;

  constructor(
    private readonly dataSource: DataSource,
    bus: Bus,
  ) {
    this.owner = new FeedOwner(dataSource, bus, apiKeys, async (after, limit) => {
      const sql = 'SELECT * FROM api_keys_after($1, $2)';
      const rows = await query<Row>(dataSource, 'api-keys-after', sql, [after ?? null, limit]);
      return rows.map((row) => ({ id: row.id, record: apiKeyRecordOf(entityOf(row)) }));
    });
  }

  /** One transaction in an organization, whose result is the key as it is now. */
  async write(organizationId: string, work: (manager: EntityManager) => Promise<ApiKeyEntity>): Promise<ApiKeyEntity> {
    const key = await inOrganization(this.dataSource, organizationId, async (manager) => {
      const written = await work(manager);
      await appendChange(manager, apiKeys, written.id, written.state === 'active' ? apiKeyRecordOf(written) : null);
      return written;
    });
    void this.owner.publishNew();
    return key;
  }

  /** Before an application is deleted, in its transaction; `owner.publishNew` says so after it. */
  async forget(manager: EntityManager, organizationId: string, applicationId: string): Promise<void> {
    for (const { id } of await manager.findBy(ApiKeyEntity, { organizationId, applicationId })) {
      await manager.delete(ApiKeyEntity, { organizationId, id });
      await appendChange(manager, apiKeys, id, null);
    }
  }
}

const entityOf = (row: Row) => ({
  ...{ organizationId: row.organization_id, id: row.id, applicationId: row.application_id, kind: row.kind },
  ...{ hash: row.hash, addresses: row.addresses, referrers: row.referrers, expiresAt: row.expires_at },
});
