import { query, queryInOrganization, queryTogether } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { dayOf } from '../time-id';
import { hashToken } from '../token-string';

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

export type NewFamily = Omit<RefreshFamily, 'revoked' | 'previousHash'> & {
  absoluteExpiresAt: Date;
  /** What every refresh token of the family says, and nothing else does; its hash is stored. */
  proof: string;
  /** Where and how its user signed in: noted in the same statement. */
  applicationId: string;
  grant: string;
};

/** One use of a refresh token. Hashes are SHA-256 of the token; times by the caller's clock, spans in seconds. */
export interface Rotation {
  organizationId: string;
  /** The client that proved itself. */
  clientId: string;
  /** What the token says, with its hash. */
  presented: Pick<NewFamily, 'id' | 'sub' | 'userOrganizationId' | 'proof'> & { hash: Buffer };
  /** The scopes asked for; `undefined` when none were named. */
  scope?: string[];
  /** Unix seconds: a family of an earlier sign-in is over. */
  notBefore: number;
  /** `undefined` keeps the presented token instead of replacing it (RT-14). */
  next?: { hash: Buffer; kept: Buffer };
  now: Date;
  lifetime: number;
  grace: number;
}

/** Nothing was changed, but that `reuse` has revoked the family. `unknown`: it was never of this client's family. */
export interface Refused {
  outcome: 'unknown' | 'revoked' | 'expired' | 'reuse' | 'outdated' | 'scope';
}

/** `retry`: the direct predecessor again, what `kept` tells of its unused successor. The rest is the family's. */
export type Rotated = Pick<RefreshFamily, 'scope' | 'authTime' | 'amr'> & { sessionId: string | null } & (
    { outcome: 'rotated' | 'kept'; kept: null } | { outcome: 'retry'; kept: Buffer }
  );

const INSERT = {
  name: 'insert-refresh-family',
  text: 'SELECT insert_refresh_family($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)',
};

const rotate = (
  ends: boolean,
) => `SELECT outcome, sealed AS kept, scope, auth_time::float8 AS "authTime", amr, session_id AS "sessionId"
  FROM rotate_refresh_family($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, ${ends})`;

/** Joined with others, so that reuse is only found: to end a family takes the feed's lock, after which no other is locked. */
const ROTATE = { name: 'rotate-refresh-family', text: rotate(false) };
const END_REUSED = { name: 'end-reused-family', text: rotate(true) };

export async function insertFamily(dataSource: DataSource, family: NewFamily): Promise<void> {
  const { organizationId, id, clientId, sub, userOrganizationId, scope, authTime, amr } = family;
  const { createdAt, absoluteExpiresAt, expiresAt, currentHash, proof, applicationId, grant } = family;
  await queryTogether(
    dataSource,
    INSERT,
    [
      ...[organizationId, dayOf(id), id, clientId, sub, userOrganizationId, hashToken(proof), scope, authTime, amr],
      ...[createdAt, absoluteExpiresAt, expiresAt, currentHash, applicationId, grant],
    ],
    // Its user's row of the application is locked, in the order that all keep who note users.
    { order: `${applicationId} ${sub}` },
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

/**
 * Decides under the row's lock and in one statement, so that two uses at once never make two successors (abuse 13). Reuse is
 * judged once more by itself, and then ends the family.
 */
export async function rotateFamily(dataSource: DataSource, rotation: Rotation): Promise<Rotated | Refused> {
  const { organizationId, clientId, presented, scope, notBefore, next, now, lifetime, grace } = rotation;
  const { id, sub, userOrganizationId, proof, hash } = presented;
  const params = [
    ...[organizationId, dayOf(id), id, clientId, sub, userOrganizationId, hashToken(proof), hash, scope, notBefore],
    ...[next?.hash, next?.kept, now, lifetime, grace],
  ];
  const [rotated] = await queryTogether<Rotated | Refused>(dataSource, ROTATE, params, { order: id });
  if (rotated?.outcome !== 'reuse') return rotated ?? { outcome: 'unknown' };
  const [ended] = await query<Rotated | Refused>(dataSource, END_REUSED.name, END_REUSED.text, params);
  return ended ?? { outcome: 'unknown' };
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
