import { inOrganization, query } from '@keyward/database';
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

/** Those whose time has come, `each` of one client at most. */
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

/** It is done, or given up. */
export async function dropNotice(dataSource: DataSource, notice: LogoutNotice): Promise<void> {
  const { organizationId, sessionId, clientId } = notice;
  await inOrganization(dataSource, organizationId, (manager) =>
    manager.query('DELETE FROM logout_notices WHERE organization_id = $1 AND session_id = $2 AND client_id = $3', [
      ...[organizationId, sessionId, clientId],
    ]),
  );
}

/** Once more, then. */
export async function postponeNotice(dataSource: DataSource, notice: LogoutNotice, until: Date): Promise<void> {
  const { organizationId, sessionId, clientId } = notice;
  await inOrganization(dataSource, organizationId, (manager) =>
    manager.query(
      `UPDATE logout_notices SET next_at = $4
       WHERE organization_id = $1 AND session_id = $2 AND client_id = $3`,
      [organizationId, sessionId, clientId, until],
    ),
  );
}
