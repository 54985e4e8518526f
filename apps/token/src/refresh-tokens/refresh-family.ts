import { query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { dayOf } from '../time-id';

/** What one sign-in lasts for: a chain of refresh tokens of which the newest is alive. */
export interface RefreshFamily {
  id: string;
  /** The client's, which is where the row lives. */
  organizationId: string;
  clientId: string;
  sub: string;
  userOrganizationId: string;
  /** As first granted; every refresh token of the family stands for it (RFC 6749 §6: "identical"). */
  scope: string;
  /** Unix seconds. */
  authTime: number;
  amr: string[];
  createdAt: Date;
  /** Of the newest refresh token. */
  expiresAt: Date;
  revoked: boolean;
  currentHash: Buffer;
  previousHash: Buffer | null;
}

export type NewFamily = Omit<RefreshFamily, 'revoked' | 'previousHash'> & { absoluteExpiresAt: Date };

/** One use of a refresh token. Hashes are SHA-256 of the token; times by the caller's clock, spans in seconds. */
export interface Rotation {
  organizationId: string;
  family: string;
  presented: Buffer;
  /** `undefined` keeps the presented token instead of replacing it (RT-14). */
  next?: { hash: Buffer; sealed: Buffer };
  now: Date;
  lifetime: number;
  grace: number;
}

/** `retry`: the direct predecessor again, its unused successor is in `sealed`. `reuse`: the family has been revoked. */
export type Rotated =
  | { outcome: 'rotated' | 'kept' | 'reuse' | 'expired' | 'revoked' | 'unknown'; sealed: null }
  | { outcome: 'retry'; sealed: Buffer };

export async function insertFamily(dataSource: DataSource, family: NewFamily): Promise<void> {
  const { organizationId, id, clientId, sub, userOrganizationId, scope, authTime, amr } = family;
  const { createdAt, absoluteExpiresAt, expiresAt, currentHash } = family;
  await query(
    dataSource,
    'insert-refresh-family',
    `SELECT insert_refresh_family($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
    [
      ...[organizationId, dayOf(id), id, clientId, sub, userOrganizationId, scope, authTime, amr],
      ...[createdAt, absoluteExpiresAt, expiresAt, currentHash],
    ],
  );
}

export async function findFamily(
  dataSource: DataSource,
  organizationId: string,
  id: string,
): Promise<RefreshFamily | undefined> {
  const [family] = await queryInOrganization<RefreshFamily>(
    dataSource,
    'find-refresh-family',
    `SELECT id, organization_id AS "organizationId", client_id AS "clientId", sub, scope, amr,
       user_organization_id AS "userOrganizationId", auth_time::float8 AS "authTime", created_at AS "createdAt",
       least(expires_at, absolute_expires_at) AS "expiresAt", revoked_at IS NOT NULL AS revoked,
       current_hash AS "currentHash", previous_hash AS "previousHash"
     FROM refresh_families WHERE organization_id = $1 AND day = $2 AND id = $3`,
    [organizationId, dayOf(id), id],
  );
  return family;
}

/** Decides under the row's lock and in one statement, so that two uses at once never make two successors (abuse 13). */
export async function rotateFamily(dataSource: DataSource, rotation: Rotation): Promise<Rotated> {
  const { organizationId, family, presented, next, now, lifetime, grace } = rotation;
  const [rotated] = await query<Rotated>(
    dataSource,
    'rotate-refresh-family',
    `SELECT outcome, sealed FROM rotate_refresh_family($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [organizationId, dayOf(family), family, presented, next?.hash, next?.sealed, now, lifetime, grace],
  );
  return rotated ?? { outcome: 'unknown', sealed: null };
}

export async function revokeFamily(
  dataSource: DataSource,
  organizationId: string,
  id: string,
  now: Date,
): Promise<void> {
  await query(dataSource, 'revoke-refresh-family', `SELECT revoke_refresh_family($1, $2, $3, $4)`, [
    organizationId,
    dayOf(id),
    id,
    now,
  ]);
}
