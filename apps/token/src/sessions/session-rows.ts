import type { EndSessions, ListSessions } from '@keyward/contracts';
import { query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { dayOf } from '../time-id';

/** A sign-in on an organization's pages. */
export interface SessionRow {
  id: string;
  sub: string;
  userOrganizationId: string;
  /** Unix seconds. */
  authTime: number;
  amr: string[];
  userAgent: string | null;
  createdAt: Date;
  usedAt: Date;
  absoluteExpiresAt: Date;
}

/** A session begins, or, where its user signs in once more, goes on under a new secret. */
export type NewSession = Omit<SessionRow, 'usedAt'> & { organizationId: string; hash: Buffer };

const COLUMNS = `id, sub, user_organization_id AS "userOrganizationId", auth_time::float8 AS "authTime", amr,
  user_agent AS "userAgent", created_at AS "createdAt", used_at AS "usedAt", absolute_expires_at AS "absoluteExpiresAt"`;

export async function saveSession(dataSource: DataSource, session: NewSession): Promise<void> {
  const { organizationId, id, hash, sub, userOrganizationId, authTime, amr, userAgent } = session;
  const times = [session.createdAt, session.absoluteExpiresAt];
  const values = [organizationId, dayOf(id), id, hash, sub, userOrganizationId, authTime, amr, userAgent, ...times];
  await query(dataSource, 'save-session', 'SELECT save_session($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)', values);
}

export async function findSessionRow(
  dataSource: DataSource,
  organizationId: string,
  { id, day, hash }: { id: string; day: string; hash: Buffer },
): Promise<SessionRow | undefined> {
  const [row] = await queryInOrganization<SessionRow>(
    dataSource,
    'find-session',
    `SELECT ${COLUMNS} FROM sessions
     WHERE organization_id = $1 AND day = $2 AND id = $3 AND hash = $4 AND ended_at IS NULL`,
    [organizationId, day, id, hash],
  );
  return row;
}

/** When a session that lives now must have been used last, and until when it must be good, at least. */
export interface Alive {
  usedAfter: Date;
  now: Date;
}

/** Those of a user that live, the newest first, with the clients that got tokens by them; one more than the page has. */
export const pageSessionRows = (
  dataSource: DataSource,
  { organizationId, sub, after, limit }: ListSessions,
  { usedAfter, now }: Alive,
): Promise<(SessionRow & { clients: string[] })[]> =>
  queryInOrganization(
    dataSource,
    'list-sessions',
    `SELECT ${COLUMNS}, ARRAY(SELECT DISTINCT client_id FROM session_grants g WHERE g.organization_id = s.organization_id
       AND g.day = s.day AND g.session_id = s.id) AS clients
     FROM sessions s WHERE organization_id = $1 AND sub = $2 AND ended_at IS NULL AND ($3::uuid IS NULL OR id < $3)
       AND used_at > $4 AND absolute_expires_at > $5 ORDER BY id DESC LIMIT $6`,
    [organizationId, sub, after ?? null, usedAfter, now, limit + 1],
  );

/** All of a user that have not been ended, or the one that is named. */
export const openSessionIds = async (
  dataSource: DataSource,
  { organizationId, sub, id }: EndSessions,
): Promise<string[]> => {
  const rows = await queryInOrganization<{ id: string }>(
    dataSource,
    'open-sessions',
    `SELECT id FROM sessions WHERE organization_id = $1 AND sub = $2 AND ended_at IS NULL AND ($3::uuid IS NULL OR id = $3)`,
    [organizationId, sub, id ?? null],
  );
  return rows.map((row) => row.id);
};

/** That it was used, which keeps it from ending idle. */
export async function touchSession(
  dataSource: DataSource,
  organizationId: string,
  id: string,
  now: Date,
): Promise<void> {
  await query(dataSource, 'touch-session', 'SELECT touch_session($1, $2, $3, $4)', [
    organizationId,
    dayOf(id),
    id,
    now,
  ]);
}

/** What a session's end ended as well. */
export interface EndedGrant {
  clientId: string;
  familyId: string;
  offline: boolean;
}

/** Ends a session and what it gave; nothing is returned for one that had ended. */
export const endSessionRow = (
  dataSource: DataSource,
  organizationId: string,
  id: string,
  now: Date,
): Promise<EndedGrant[]> =>
  query<EndedGrant>(
    dataSource,
    'end-session',
    `SELECT client_id AS "clientId", family_id AS "familyId", offline FROM end_session($1, $2, $3, $4)`,
    [organizationId, dayOf(id), id, now],
  );
