import type {
  AccessTokenPolicy,
  AuthMethod,
  CertificateSubject,
  Client,
  ClientJwks,
  SubjectType,
  TokenBinding,
} from '@keyward/contracts';
import { hasSecret } from '../client-keys/proof';
import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { tokensFrom } from '../consumer-keys/revoked-keys';
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
  /** Valid or not; none when it proves itself in another way. */
  readonly secrets: readonly KnownSecret[];
  readonly method: AuthMethod;
  readonly jwks: ClientJwks | null;
  readonly jwksUri: string | null;
  readonly certificateSubject: CertificateSubject | null;
  /** Of pages whose scripts may ask as this client. */
  readonly origins: readonly string[];
}

/** Some 20 MB at most. What does not exist is remembered for 10 s: shorter than anyone waits, and the feed ends it too. */
const LIMITS = { present: 20_000, absent: 20_000, absentFor: 10_000 };

/** Consumer keys in memory, by `client_id`: what a successful authentication reads, and all that it reads. */
export class ClientCache extends LoadingCache<KnownClient> {
  constructor(dataSource: DataSource, now: () => number) {
    super(LIMITS, (clientId) => findClient(dataSource, clientId), now);
  }
}

/** A row of `find_client`; each migration that adds to it names all columns, and a test compares those with what is read here. */
export interface ClientRow {
  organization_id: string;
  application_id: string;
  multi_organization: boolean;
  strict_scopes: boolean;
  /** Columns of `consumer_keys`, their times as texts. */
  key: {
    kind: Client['kind'];
    state: 'active' | 'disabled';
    grant_types: string[];
    token_type: Client['tokenType'];
    public: boolean;
    token_endpoint_auth_method: AuthMethod;
    jwks: ClientJwks | null;
    jwks_uri: string | null;
    certificate_subject: CertificateSubject | null;
    token_binding: TokenBinding;
    allowed_origins: string[];
    rotate_refresh_tokens: boolean;
    access_token_policy: AccessTokenPolicy;
    subject_type: SubjectType;
    may_act: string | null;
    access_token_lifetime: number | null;
    refresh_token_lifetime: number | null;
    password_grant_sunset: string | null;
    created_at: string;
  };
  secret_id: string | null;
  mac: Buffer;
  expires_at: Date | null;
}

/** Found before the organization is known. */
async function findClient(dataSource: DataSource, clientId: string): Promise<KnownClient | undefined> {
  const rows = await query<ClientRow>(dataSource, 'find-client', 'SELECT * FROM find_client($1)', [clientId]);
  return readClient(clientId, rows);
}

/** There is a row for each secret, one at least. */
export function readClient(clientId: string, rows: readonly ClientRow[]): KnownClient | undefined {
  const [row] = rows;
  if (!row) return undefined;
  const { key } = row;
  const client: Client = {
    clientId,
    organizationId: row.organization_id,
    applicationId: row.application_id,
    kind: key.kind,
    grantTypes: key.grant_types,
    tokenType: key.token_type,
    public: key.public,
    method: key.token_endpoint_auth_method,
    tokenBinding: key.token_binding,
    multiOrganization: row.multi_organization,
    strictScopes: row.strict_scopes,
    rotateRefreshTokens: key.rotate_refresh_tokens,
    accessTokenPolicy: key.access_token_policy,
    subjectType: key.subject_type,
    mayAct: key.may_act ?? undefined,
    accessTokenLifetime: key.access_token_lifetime ?? undefined,
    refreshTokenLifetime: key.refresh_token_lifetime ?? undefined,
    passwordGrantSunset: key.password_grant_sunset ? new Date(key.password_grant_sunset).toISOString() : undefined,
    tokensFrom: tokensFrom({ createdAt: new Date(key.created_at) }),
  };
  const { token_endpoint_auth_method: method, jwks, jwks_uri: jwksUri } = key;
  const secrets = rows
    .filter(({ secret_id }) => secret_id !== null && hasSecret(method))
    .map(({ secret_id, mac, expires_at }) => ({
      id: String(secret_id),
      mac,
      expiresAt: expires_at?.getTime() ?? Infinity,
      notedAt: 0,
    }));
  const { certificate_subject: certificateSubject, allowed_origins: origins } = key;
  return { client, active: key.state === 'active', secrets, method, jwks, jwksUri, certificateSubject, origins };
}
