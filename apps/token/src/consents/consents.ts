import { Injectable } from '@nestjs/common';
import { ServiceError, type Client, type Consent, type ListConsents } from '@keyward/contracts';
import { checkCursor, inOrganization, query, queryInOrganization } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import { RevocationFeed } from '../revocation/revocation-feed';

/** What users have let clients have, by client: no other client of the same name shares it, nor a later one (abuse 7). */
@Injectable()
export class Consents {
  constructor(
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationFeed,
    private readonly clock: Clock,
  ) {}

  /** Whether the user has agreed to all of it before. */
  async covers(sub: string, { organizationId, clientId, tokensFrom }: Client, scopes: string[]): Promise<boolean> {
    const [row] = await queryInOrganization<{ covered: boolean }>(
      this.dataSource,
      'covers-consent',
      `SELECT $4::text[] <@ scopes AS covered FROM consents WHERE organization_id = $1 AND sub = $2 AND client_id = $3
         AND granted_at >= to_timestamp($5)`,
      [organizationId, sub, clientId, scopes, tokensFrom],
    );
    return row?.covered === true;
  }

  /** Adds to what was agreed to before. */
  async give(sub: string, { organizationId, clientId, tokensFrom }: Client, scopes: string[]): Promise<void> {
    await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.query(
        `INSERT INTO consents (organization_id, sub, client_id, scopes, granted_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organization_id, sub, client_id) DO UPDATE SET granted_at = excluded.granted_at,
           scopes = CASE WHEN consents.granted_at < to_timestamp($6) THEN excluded.scopes
             ELSE ARRAY(SELECT DISTINCT unnest(consents.scopes || excluded.scopes) ORDER BY 1) END`,
        [organizationId, sub, clientId, scopes, new Date(Math.max(this.clock.now(), tokensFrom * 1000)), tokensFrom],
      ),
    );
  }

  /** One more than the page has, where there are more. */
  async page({ organizationId, sub, after = '', limit }: ListConsents): Promise<Omit<Consent, 'name'>[]> {
    checkCursor(after);
    const rows = await queryInOrganization<Omit<Consent, 'grantedAt' | 'name'> & { grantedAt: Date }>(
      this.dataSource,
      'list-consents',
      `SELECT client_id AS "clientId", scopes, granted_at AS "grantedAt" FROM consents
       WHERE organization_id = $1 AND sub = $2 AND client_id > $3 ORDER BY client_id LIMIT $4`,
      [organizationId, sub, after, limit + 1],
    );
    return rows.map(({ grantedAt, ...consent }) => ({ ...consent, grantedAt: grantedAt.toISOString() }));
  }

  /** All that were given to a client that is gone: one that is imported under its name later begins without (abuse 14). */
  async forget(organizationId: string, clientIds: string[]): Promise<void> {
    await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.query('DELETE FROM consents WHERE organization_id = $1 AND client_id = ANY ($2)', [
        organizationId,
        clientIds,
      ]),
    );
  }

  /** And ends what the client has of it. Errors: `not_found`. */
  async withdraw(organizationId: string, sub: string, clientId: string): Promise<void> {
    const [row] = await query<{ withdrawn: boolean }>(
      this.dataSource,
      'withdraw-consent',
      'SELECT withdraw_consent($1, $2, $3, $4) AS withdrawn',
      [organizationId, sub, clientId, new Date(this.clock.now())],
    );
    void this.revocations.publishNew();
    if (!row?.withdrawn) throw new ServiceError('not_found', 'there is no such consent');
  }
}
