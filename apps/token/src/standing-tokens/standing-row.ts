import { query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { dayAt, dayOf } from '../time-id';

/** Whose tokens: one row for each. `tuple` is a hash of the subject, the scopes and the key that the tokens are bound to. */
export interface Standing {
  organizationId: string;
  clientId: string;
  tuple: Buffer;
}

/** The access token that stands, and its family. Times are Unix seconds. */
export interface StandingRow {
  jti: string;
  iat: number;
  expiresAt: number;
  family?: string;
  /** The tokens themselves, where they are given out again. */
  sealed?: Buffer;
}

/** What stands and has not expired. */
export async function findStanding(
  dataSource: DataSource,
  { organizationId, clientId, tuple }: Standing,
  now: number,
): Promise<{ jti: string; sealed: Buffer | null } | undefined> {
  const [row] = await queryInOrganization<{ jti: string; sealed: Buffer | null }>(
    dataSource,
    'find-standing-token',
    `SELECT jti, sealed FROM standing_tokens
     WHERE organization_id = $1 AND client_id = $2 AND tuple = $3 AND expires_at > $4`,
    [organizationId, clientId, tuple, new Date(now * 1000)],
  );
  return row;
}

/**
 * Lets a token stand, under the row's lock. With `ends`, whatever stood before is revoked; without, it must be what the
 * caller has found (`found`), or nothing is changed and the answer is `false`.
 */
export async function placeStanding(
  dataSource: DataSource,
  { organizationId, clientId, tuple }: Standing,
  { jti, iat, expiresAt, family, sealed }: StandingRow,
  { found, ends, now }: { found?: string; ends: boolean; now: number },
): Promise<boolean> {
  const [row] = await query<{ placed: boolean }>(
    dataSource,
    'place-standing-token',
    `SELECT place_standing_token($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS placed`,
    [
      ...[organizationId, clientId, tuple, jti, dayAt(iat * 1000), new Date(expiresAt * 1000)],
      ...[family, family && dayOf(family), sealed, found, ends, new Date(now * 1000)],
    ],
  );
  return row?.placed === true;
}
