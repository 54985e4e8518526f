import { startCall, type Call } from '@keyward/bus';
import { ServiceError, type AuthenticateUser, type ProvenUser } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { pause, type AccountGate } from '../attempts/account-gate';
import {
  beginAttempt,
  settleAttempt,
  slotOf,
  type Attempt,
  type AttemptLimits,
  type AttemptOf,
  type FoundUser,
  type Outcome,
} from '../attempts/attempts';
import type { HashingPool } from '../passwords/hashing-pool';
import { refuseOversized } from '../passwords/password-policy';
import type { Passwords } from '../passwords/passwords';
import { lookupKey, usernameKey } from './username';

/** How long a better hash may wait for its turn. */
const RENEW_MS = 10_000;

/**
 * Proves a user by password. Every attempt costs one round trip, one hash and one round trip, whoever is named and
 * however it ends, and every failure is the same `invalid_grant` (RO-04, BF-04, BF-06).
 */
export class SignIn {
  constructor(
    private readonly database: DataSource,
    private readonly pool: HashingPool,
    private readonly passwords: Passwords,
    private readonly gate: AccountGate,
    private readonly limits: AttemptLimits,
    private readonly report: (error: unknown) => void,
  ) {}

  /** What waits for others of its account takes no place among those that hash, which belong to all. */
  async authenticate({ password, ...request }: AuthenticateUser, call: Call): Promise<ProvenUser> {
    refuseOversized(password);
    const of = attemptOf(request);
    const leave = await this.gate.enter(`${of.organizationId} ${of.slot} ${of.usernameKey}`, call);
    try {
      for (let round = 0; ; round++) {
        const proven = await this.pool.admit(() => this.attempt(of, password, call));
        if (proven) return proven;
        await pause(round, call);
      }
    } finally {
      leave();
    }
  }

  /** `undefined` while other attempts on the account must be settled first. */
  private async attempt(of: AttemptOf, password: string, call: Call): Promise<ProvenUser | undefined> {
    const attempt = await beginAttempt(this.database, of, this.limits);
    if (attempt.verdict === 'busy') return undefined;
    if (attempt.verdict === 'limited')
      throw new ServiceError('too_many_requests', 'too many wrong passwords', { retryAfter: attempt.retry_after });
    const matches = await this.verify(of, attempt, password, call);
    const outcome: Outcome = attempt.verdict === 'locked' ? 'locked' : matches ? 'right' : 'wrong';
    const authTime = await settleAttempt(this.database, of, attempt, outcome, this.limits);
    if (authTime === undefined) throw new ServiceError('invalid_grant');
    this.renewHash(of.organizationId, attempt, password, startCall(RENEW_MS, call.traceparent));
    return { ...subjectOf(attempt), authTime };
  }

  /** A locked account's hash is not even looked at: nobody learns from time whether it would have been right. */
  private async verify(of: AttemptOf, attempt: Attempt, password: string, call: Call): Promise<boolean> {
    const phc = attempt.verdict === 'locked' ? null : attempt.password_hash;
    try {
      return await this.passwords.verify(phc, password, call);
    } catch (error) {
      const withdrawn = attempt.verdict === 'locked' ? 'locked' : 'withdrawn';
      settleAttempt(this.database, of, attempt, withdrawn, this.limits).catch(this.report);
      throw error;
    }
  }

  /** C-03: in the background, unless the password has been changed meanwhile; there is a next time. */
  private renewHash(organizationId: string, user: FoundUser, password: string, call: Call): void {
    const { id, password_hash: before } = user;
    if (before === null || !this.passwords.isOutdated(before)) return;
    const renew = async () => {
      const after = await this.passwords.hash(password, call);
      await inOrganization(this.database, organizationId, (manager) =>
        manager.query(
          `UPDATE users SET password_hash = $4
           WHERE organization_id = $1 AND id = $2 AND password_hash = $3`,
          [organizationId, id, before, after],
        ),
      );
    };
    this.pool.admit(renew).catch(this.report);
  }
}

/** A name that cannot be one is counted like any other, and never looked up. */
function attemptOf({ organizationId, username, refuse, ...by }: Omit<AuthenticateUser, 'password'>): AttemptOf {
  const { clientId, clientOrganizationId } = by;
  const slot = slotOf(organizationId, usernameKey(username));
  return { organizationId, usernameKey: refuse ? '' : lookupKey(username), slot, clientId, clientOrganizationId };
}

const subjectOf = (user: FoundUser): Omit<ProvenUser, 'authTime'> => ({
  sub: user.id,
  username: user.username,
  roles: user.roles,
  credentialsChangedAt: user.credentials_changed_at,
});
