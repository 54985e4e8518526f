import { CLOCK_SKEW, familyOf } from '@keyward/contracts';
import { query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import type { AccessTokenClaims } from '../claims';
import { dayAt, dayOf } from '../time-id';

/** Keeps what introspection must tell of an opaque token, under its hash. */
export async function insertOpaqueToken(
  dataSource: DataSource,
  organizationId: string,
  token: { id: string; day: string; hash: Buffer },
  claims: AccessTokenClaims,
): Promise<void> {
  const params = [organizationId, token.day, token.id, token.hash, new Date(claims.exp * 1000), JSON.stringify(claims)];
  await query(dataSource, 'insert-access-token', `SELECT insert_access_token($1, $2, $3, $4, $5, $6)`, params);
}

export async function findOpaqueToken(
  dataSource: DataSource,
  organizationId: string,
  { id, day, hash }: { id: string; day: string; hash: Buffer },
): Promise<AccessTokenClaims | undefined> {
  const [row] = await queryInOrganization<{ claims: AccessTokenClaims }>(
    dataSource,
    'find-access-token',
    `SELECT claims FROM access_tokens WHERE organization_id = $1 AND day = $2 AND id = $3 AND hash = $4`,
    [organizationId, day, id, hash],
  );
  return row?.claims;
}

/** Whose client an opaque token was issued to, where nothing else tells: no more than its id. */
export async function findOpaqueTokenOrganization(
  dataSource: DataSource,
  { id, day, hash }: { id: string; day: string; hash: Buffer },
): Promise<string | undefined> {
  const sql = 'SELECT find_token_organization($1, $2, $3) AS id';
  const [row] = await query<{ id: string | null }>(dataSource, 'find-token-organization', sql, [day, id, hash]);
  return row?.id ?? undefined;
}

/** Whether neither the access token nor the refresh family it came from has been revoked. */
export async function isAlive(
  dataSource: DataSource,
  organizationId: string,
  claims: AccessTokenClaims,
): Promise<boolean> {
  const { jti, iat } = claims;
  const family = familyOf(jti);
  const [row] = await queryInOrganization<{ alive: boolean }>(
    dataSource,
    'is-access-token-alive',
    `SELECT NOT EXISTS (SELECT FROM revoked_tokens WHERE organization_id = $1 AND day = $2 AND jti = $3)
       AND ($4::uuid IS NULL OR EXISTS (SELECT FROM refresh_families
         WHERE organization_id = $1 AND day = $5 AND id = $4 AND revoked_at IS NULL)) AS alive`,
    [organizationId, dayAt(iat * 1000), jti, family, family && dayOf(family)],
  );
  return row?.alive === true;
}

/** Revoking twice is revoking once. */
export async function revokeAccessToken(
  dataSource: DataSource,
  organizationId: string,
  { jti, iat, exp }: AccessTokenClaims,
): Promise<void> {
  const params = [organizationId, dayAt(iat * 1000), jti, new Date((exp + CLOCK_SKEW) * 1000)];
  await query(dataSource, 'revoke-access-token', `SELECT revoke_access_token($1, $2, $3, $4)`, params);
}
