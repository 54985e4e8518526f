import { Injectable } from '@nestjs/common';
import { ServiceError, type Client, type Organization } from '@keyward/contracts';
import { query } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import type { User } from '../grants/grant';
import { RefreshTokens } from '../refresh-tokens/refresh-tokens';
import type { LiveSession } from '../sessions/sessions';
import { dayAt, dayOf, madeAt, newId } from '../time-id';
import { hashToken, newSecret, writeToken, type TokenString } from '../token-string';
import { hashUserCode, newUserCode } from './user-code';

/** Seconds that a code may be typed in for (BF-21), and between two polls at least (RFC 8628 §3.5). */
export const LIFETIME = 600;
export const INTERVAL = 5;
/** Wrong codes from one address range in so many seconds, before the next ones are not looked at (BF-21). */
const MOST_WRONG = 5;
const WINDOW = 600;

/** A device that waits for its user. */
export interface WaitingDevice {
  id: string;
  clientId: string;
  /** The scope parameter. */
  asked: string | null;
}

/** What a user lets a device have; without it the user has refused. */
export interface Approval {
  session: Pick<LiveSession, 'id' | 'user' | 'authTime' | 'amr'>;
  scopes?: string[];
}

/** What a device code gives. */
export interface RedeemedDevice {
  scope: string;
  /** Unix seconds. */
  authTime: number;
  amr: string[];
  sessionId: string;
  /** The family's id and its first refresh token. */
  familyId: string;
  refreshToken: string;
}

/** One answer for every cause; the cause is for the log. */
export const invalidDeviceCode = (detail: string): ServiceError =>
  new ServiceError('invalid_grant', 'The device code is invalid or used', { detail });

const STILL = {
  authorization_pending: 'The user has not answered yet',
  slow_down: 'Polled too early: wait five seconds longer from now on',
  access_denied: 'The user has refused',
  expired_token: 'The device code has expired',
} as const;
const isStill = (outcome: string): outcome is keyof typeof STILL => Object.hasOwn(STILL, outcome);

/** Device codes and the user codes that belong to them, RFC 8628: only their hashes are stored. */
@Injectable()
export class DeviceCodes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly refreshTokens: RefreshTokens,
    private readonly clock: Clock,
  ) {}

  async issue(client: Client, asked: string | undefined): Promise<{ deviceCode: string; userCode: string }> {
    const now = this.clock.now();
    for (;;) {
      const code = writeToken('kdc', { id: newId(Math.max(now, client.tokensFrom * 1000)) }, newSecret('kdc'));
      const userCode = newUserCode();
      const [row] = await query<{ inserted: boolean }>(
        this.dataSource,
        'insert-device-code',
        'SELECT insert_device_code($1, $2, $3, $4, $5, $6, $7, $8, $9) AS inserted',
        [
          ...[client.organizationId, code.day, code.id, code.hash, hashUserCode(client.organizationId, userCode)],
          ...[client.clientId, asked ?? null, INTERVAL, new Date(now + LIFETIME * 1000)],
        ],
      );
      // Another device of the organization has the same user code: once in many thousand million times.
      if (row?.inserted) return { deviceCode: code.text, userCode };
    }
  }

  /** The device behind a user code; `undefined` for what is none. Errors: `too_many_requests` after some of those. */
  async find({ id }: Organization, userCode: string, slot: number): Promise<WaitingDevice | undefined> {
    const now = this.clock.now();
    const days = [dayAt(now - LIFETIME * 1000), dayAt(now)];
    const [row] = await query<WaitingDevice & { outcome: string; retryAfter: number }>(
      this.dataSource,
      'find-device-code',
      `SELECT outcome, retry_after AS "retryAfter", id, client_id AS "clientId", asked
       FROM find_device_code($1, $2, $3, $4, $5, $6, $7)`,
      [id, days, hashUserCode(id, userCode), slot, new Date(now), WINDOW, MOST_WRONG],
    );
    if (row?.outcome === 'limited')
      throw new ServiceError('too_many_requests', 'Too many wrong codes', { retryAfter: row.retryAfter });
    return row?.outcome === 'found' ? row : undefined;
  }

  /** Whether it still waited; exactly one of two answers counts. */
  async decide({ id: organizationId }: Organization, id: string, { session, scopes }: Approval): Promise<boolean> {
    const { user, authTime, amr } = session;
    const [row] = await query<{ decided: boolean }>(
      this.dataSource,
      'decide-device-code',
      'SELECT decide_device_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) AS decided',
      [
        ...[organizationId, dayOf(id), id, scopes ? 'approved' : 'denied', user.sub, user.organization.id],
        ...[session.id, dayOf(session.id), scopes?.join(' ') ?? null, authTime, amr, new Date(this.clock.now())],
      ],
    );
    return row?.decided === true;
  }

  /** Who has approved. Errors: those of RFC 8628 §3.5, `invalid_grant`. */
  async poll(code: TokenString<'kdc'>, client: Client): Promise<{ sub: string; userOrganizationId: string }> {
    if (madeAt(code.id) < client.tokensFrom * 1000) throw invalidDeviceCode('of a consumer key that was deleted');
    const [row] = await query<{ outcome: string; sub: string; userOrganizationId: string }>(
      this.dataSource,
      'poll-device-code',
      `SELECT outcome, sub, user_organization_id AS "userOrganizationId"
       FROM poll_device_code($1, $2, $3, $4, $5, $6)`,
      [client.organizationId, code.day, code.id, code.hash, client.clientId, new Date(this.clock.now())],
    );
    if (row && isStill(row.outcome)) throw new ServiceError(row.outcome, STILL[row.outcome]);
    if (row?.outcome !== 'approved') throw invalidDeviceCode(`${row?.outcome}, device code ${code.id}`);
    return row;
  }

  /** Once, of however many instances that are asked. Errors: `invalid_grant`. */
  async redeem(
    code: TokenString<'kdc'>,
    client: Client,
    { sub, organization }: Pick<User, 'sub' | 'organization'>,
    notBefore: number,
  ): Promise<RedeemedDevice> {
    // Younger than what its user may have ended before signing in.
    const id = newId(Math.max(this.clock.now(), client.tokensFrom * 1000));
    const first = this.refreshTokens.first({ id, sub, userOrganizationId: organization.id }, client);
    const { text, hash, named, times } = first;
    const [row] = await query<Omit<RedeemedDevice, 'refreshToken' | 'familyId'> & { outcome: string }>(
      this.dataSource,
      'redeem-device-code',
      `SELECT outcome, scope, auth_time::float8 AS "authTime", amr, session_id AS "sessionId"
       FROM redeem_device_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`,
      [
        ...[client.organizationId, code.day, code.id, code.hash, client.clientId, notBefore, dayOf(id), id],
        ...[hash, hashToken(named.proof), times.createdAt, times.absoluteExpiresAt, times.expiresAt],
      ],
    );
    if (row?.outcome !== 'redeemed') throw invalidDeviceCode(`${row?.outcome}, device code ${code.id}`);
    return { ...row, familyId: id, refreshToken: text };
  }
}
