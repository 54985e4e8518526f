import { inOrganization, query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';

/** That a client has to be told of a session's end. */
export interface LogoutNotice {
  organizationId: string;
  sessionId: string;
  clientId: string;
}

/** One attempt to tell it, this instance's alone. */
export interface ClaimedNotice extends LogoutNotice {
  sub: string;
  /** With this one. */
  attempts: number;
}

/** Those whose time has come, `each` of one client at most, the organizations in turn. */
export const dueNotices = (dataSource: DataSource, now: Date, each: number, most: number): Promise<LogoutNotice[]> =>
  query<LogoutNotice>(
    dataSource,
    'due-logout-notices',
    `SELECT organization_id AS "organizationId", session_id AS "sessionId", client_id AS "clientId"
     FROM due_logout_notices($1, $2, $3)`,
    [now, each, most],
  );

/** `undefined` when another instance has it, or it is done. */
export async function claimNotice(
  dataSource: DataSource,
  notice: LogoutNotice,
  now: Date,
  until: Date,
): Promise<ClaimedNotice | undefined> {
  const { organizationId, sessionId, clientId } = notice;
  const [claimed] = await query<Pick<ClaimedNotice, 'sub' | 'attempts'>>(
    dataSource,
    'claim-logout-notice',
    'SELECT sub, attempts FROM claim_logout_notice($1, $2, $3, $4, $5)',
    [organizationId, sessionId, clientId, now, until],
  );
  return claimed && { ...notice, ...claimed };
}

/** What administrators see of one. */
export interface ListedNotice extends Omit<ClaimedNotice, 'organizationId'> {
  endedAt: Date;
  problem: string | null;
  /** `null`: given up. */
  nextAt: Date | null;
}

/** Those of one client, if it is named, after a session and client, in their order. */
export const listNotices = (
  dataSource: DataSource,
  organizationId: string,
  clientId: string | undefined,
  after: string,
  limit: number,
): Promise<ListedNotice[]> =>
  queryInOrganization(
    dataSource,
    'list-logout-notices',
    `SELECT session_id AS "sessionId", client_id AS "clientId", sub, created_at AS "endedAt", attempts, problem,
       NULLIF(next_at, 'infinity') AS "nextAt"
     FROM logout_notices WHERE organization_id = $1 AND ($2::text IS NULL OR client_id = $2)
       AND (session_id::text || ' ' || client_id) COLLATE "C" > $3
     ORDER BY (session_id::text || ' ' || client_id) COLLATE "C" LIMIT $4`,
    [organizationId, clientId, after, limit],
  );

/** Those that were given up, of sessions that ended before. */
export const oldNotices = (dataSource: DataSource, before: Date, most: number): Promise<LogoutNotice[]> =>
  query<LogoutNotice>(
    dataSource,
    'old-logout-notices',
    `SELECT organization_id AS "organizationId", session_id AS "sessionId", client_id AS "clientId"
     FROM old_logout_notices($1, $2)`,
    [before, most],
  );

/** It is done, or nobody is to be told any more; whether it was there. */
export async function dropNotice(dataSource: DataSource, notice: LogoutNotice): Promise<boolean> {
  const { organizationId, sessionId, clientId } = notice;
  return inOrganization(dataSource, organizationId, async (manager) => {
    const sql = `DELETE FROM logout_notices WHERE organization_id = $1 AND session_id = $2 AND client_id = $3
      RETURNING client_id`;
    const [rows] = await manager.query<[unknown[], number]>(sql, [organizationId, sessionId, clientId]);
    return rows.length === 1;
  });
}

/** When it is tried again, if ever, and what is known of the last attempt. */
export interface Postponed {
  until: Date | 'infinity';
  problem?: string;
  /** Counted anew from here. */
  attempts?: number;
}

/** Once more, then; whether it is still there. */
export async function postponeNotice(
  dataSource: DataSource,
  notice: LogoutNotice,
  { until, problem, attempts }: Postponed,
): Promise<boolean> {
  const { organizationId, sessionId, clientId } = notice;
  return inOrganization(dataSource, organizationId, async (manager) => {
    const sql = `UPDATE logout_notices SET next_at = $4, problem = coalesce($5, problem), attempts = coalesce($6, attempts)
      WHERE organization_id = $1 AND session_id = $2 AND client_id = $3 RETURNING client_id`;
    const values = [organizationId, sessionId, clientId, until, problem, attempts];
    const [rows] = await manager.query<[unknown[], number]>(sql, values);
    return rows.length === 1;
  });
}
