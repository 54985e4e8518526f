import { createHash } from 'node:crypto';
import { queryTogether, type Place } from '@keyward/database';
import type { DataSource } from 'typeorm';

const SLOTS = 4096;

/** How many wrong passwords are borne. */
export interface AttemptLimits {
  /** For one account before delays begin. */
  account: number;
  /** For one account in a row, ever; then it stays closed. */
  ceiling: number;
  /** For one client in 5 minutes. */
  client: number;
}

/** Whose password is tried, and by which client. */
export interface AttemptOf {
  organizationId: string;
  /** Empty for a name that is certainly no user's. */
  usernameKey: string;
  /** What an unknown name is counted under; see `slotOf`. */
  slot: string;
  clientId: string;
  clientOrganizationId: string;
}

/** A user's row as the sign-in needs it. */
export interface FoundUser {
  id: string;
  username: string;
  /** `null` when there is none, or the user is not active. */
  password_hash: string | null;
  roles: string[];
  credentials_changed_at: number;
}

/** A counted attempt; every field of the user is `null` when there is no such user. */
export type Attempt = FoundUser & { account: string; period: string } & (
    { verdict: 'verify' | 'locked' } | { verdict: 'busy' | 'limited'; retry_after: number }
  );

/** How an attempt ended. */
export type Outcome = 'right' | 'wrong' | 'locked' | 'withdrawn';

/** Unknown names share 4,096 slots an organization, so that their number bounds what is stored of them. */
export function slotOf(organizationId: string, usernameKey: string): string {
  const digest = createHash('sha256').update(`${organizationId}\0${usernameKey}`).digest();
  return `~${digest.readUInt32BE() % SLOTS}`;
}

/** All of one client lock its row, so one after the other; together they lock it once. */
const BEGIN = { name: 'begin_attempt', text: 'SELECT * FROM begin_attempt($1, $2, $3, $4, $5, $6, $7, $8)' };
const SETTLE = {
  name: 'settle_attempt',
  text: 'SELECT settle_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9)::float8 AS "provenAt"',
};

/** The client's row is locked first, then the accounts', everywhere in this order. */
const placeOf = ({ organizationId, usernameKey, slot, clientId, clientOrganizationId }: AttemptOf): Place => ({
  group: `${clientOrganizationId} ${clientId}`,
  order: `${organizationId} ${slot} ${usernameKey}`,
});

/** Counts an attempt and finds its user; see the migration for the verdicts. */
export async function beginAttempt(database: DataSource, of: AttemptOf, limits: AttemptLimits): Promise<Attempt> {
  const { organizationId, usernameKey, slot, clientId, clientOrganizationId } = of;
  const [attempt] = await queryTogether<Attempt>(
    database,
    BEGIN,
    [organizationId, usernameKey, slot, clientOrganizationId, clientId, limits.account, limits.ceiling, limits.client],
    placeOf(of),
  );
  if (!attempt) throw new Error('begin_attempt gave no row');
  return attempt;
}

/**
 * Says how a counted attempt ended. Answers when a right password has proven its user, Unix seconds; `undefined` for all else, and
 * where what the user has granted was ended meanwhile.
 */
export async function settleAttempt(
  database: DataSource,
  of: AttemptOf,
  { account, period, credentials_changed_at: changedAt }: Attempt,
  outcome: Outcome,
  limits: AttemptLimits,
): Promise<number | undefined> {
  const { organizationId, clientId, clientOrganizationId } = of;
  const [row] = await queryTogether<{ provenAt: number | null }>(
    database,
    SETTLE,
    [
      organizationId,
      account,
      clientOrganizationId,
      clientId,
      period,
      outcome,
      limits.account,
      limits.ceiling,
      changedAt,
    ],
    placeOf(of),
  );
  return row?.provenAt ?? undefined;
}
