import type { Client } from '@keyward/contracts';
import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { LoadingCache } from '../loading-cache';

/** A secret's MAC, and until when it is valid (Unix milliseconds). */
export interface KnownSecret {
  readonly id: string;
  readonly mac: Buffer;
  readonly expiresAt: number;
  /** When its last use was noted, Unix milliseconds. */
  notedAt: number;
}

/** A consumer key as authentication needs it. `client` is handed out as it is: nobody changes it. */
export interface KnownClient {
  readonly client: Client;
  readonly active: boolean;
  readonly secrets: readonly KnownSecret[];
}

/** Some 20 MB at most. What does not exist is remembered for 10 s: shorter than anyone waits, and the feed ends it too. */
const LIMITS = { present: 20_000, absent: 20_000, absentFor: 10_000 };

/** Consumer keys in memory, by `client_id`: what a successful authentication reads, and all that it reads. */
export class ClientCache extends LoadingCache<KnownClient> {
  constructor(dataSource: DataSource, now: () => number) {
    super(LIMITS, (clientId) => findClient(dataSource, clientId), now);
  }
}

interface Row {
  organization_id: string;
  application_id: string;
  kind: Client['kind'];
  active: boolean;
  grant_types: string[];
  token_type: Client['tokenType'];
  public: boolean;
  multi_organization: boolean;
  strict_scopes: boolean;
  rotate_refresh_tokens: boolean;
  access_token_lifetime: number | null;
  refresh_token_lifetime: number | null;
  password_grant_sunset: Date | null;
  secret_id: string | null;
  mac: Buffer;
  expires_at: Date | null;
}

/** One row for each secret, found before the organization is known. */
async function findClient(dataSource: DataSource, clientId: string): Promise<KnownClient | undefined> {
  const rows = await query<Row>(dataSource, 'find-client', 'SELECT * FROM find_client($1)', [clientId]);
  const [row] = rows;
  if (!row) return undefined;
  const client: Client = {
    clientId,
    organizationId: row.organization_id,
    applicationId: row.application_id,
    kind: row.kind,
    grantTypes: row.grant_types,
    tokenType: row.token_type,
    public: row.public,
    multiOrganization: row.multi_organization,
    strictScopes: row.strict_scopes,
    rotateRefreshTokens: row.rotate_refresh_tokens,
    accessTokenLifetime: row.access_token_lifetime ?? undefined,
    refreshTokenLifetime: row.refresh_token_lifetime ?? undefined,
    passwordGrantSunset: row.password_grant_sunset?.toISOString(),
  };
  const secrets = rows
    .filter(({ secret_id }) => secret_id !== null)
    .map(({ secret_id, mac, expires_at }) => ({
      id: String(secret_id),
      mac,
      expiresAt: expires_at?.getTime() ?? Infinity,
      notedAt: 0,
    }));
  return { client, active: row.active, secrets };
}
