import type { Bus } from '@keyward/bus';
import { authenticateUser, type AuthenticateUser, type ProvenUser } from '@keyward/contracts';
import { call, codeOf } from './instances';

export const WRONG = 'a wrong long password';

/** An account's row. */
export interface CountedAccount {
  failures: number;
  streak: number;
  unsettled: number;
  /** How long its lock is in all, seconds. */
  lock: number | null;
}

/** Runs SQL that no service may. */
export type Sql = <Row extends object>(text: string, params?: unknown[]) => Promise<Row[]>;

/** Tries passwords in one organization, and looks at what was counted. */
export class Attempts {
  constructor(
    private readonly bus: Bus,
    readonly sql: Sql,
    readonly organizationId: string,
  ) {}

  signIn(username: string, password: string, more: Partial<AuthenticateUser> = {}): Promise<ProvenUser> {
    const { organizationId } = this;
    const by = { clientId: 'client', clientOrganizationId: organizationId };
    const request = { organizationId, username, password, ...by, ...more };
    return this.bus.call(authenticateUser, request, call());
  }

  async failTimes(n: number, username: string): Promise<void> {
    for (let i = 0; i < n; i++) {
      const code = await codeOf(this.signIn(username, WRONG));
      if (code !== 'invalid_grant') throw new Error(`expected invalid_grant, not ${code ?? 'a subject'}`);
    }
  }

  async account(account: string): Promise<CountedAccount | undefined> {
    const [row] = await this.sql<CountedAccount>(
      `SELECT failures, streak, unsettled, CASE WHEN locked_until < 'infinity'
         THEN extract(epoch FROM locked_until - failed_at)::int END AS lock
       FROM directory.account_attempts WHERE organization_id = $1 AND account = $2`,
      [this.organizationId, account],
    );
    return row;
  }

  async client(id = 'client'): Promise<{ failures: number; unsettled: number } | undefined> {
    const [row] = await this.sql<{ failures: number; unsettled: number }>(
      'SELECT failures, unsettled FROM directory.client_attempts WHERE organization_id = $1 AND client_id = $2',
      [this.organizationId, id],
    );
    return row;
  }

  /** As if this much time had passed for the accounts of the organization. */
  async pass(interval: string): Promise<void> {
    await this.sql(
      `UPDATE directory.account_attempts SET attempted_at = attempted_at - $2::interval,
         failed_at = failed_at - $2::interval, locked_until = locked_until - $2::interval WHERE organization_id = $1`,
      [this.organizationId, interval],
    );
  }
}

export const codesOf = (asked: Promise<unknown>[]): Promise<(string | undefined)[]> => Promise.all(asked.map(codeOf));
export const times = <T>(n: number, what: () => T): T[] => Array.from({ length: n }, what);
