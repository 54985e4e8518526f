import { Injectable } from '@nestjs/common';
import { ServiceError, type Client, type Organization } from '@keyward/contracts';
import { query, queryInOrganization } from '@keyward/database';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import type { RequestedClaims } from '../openid/claims-request';
import { held, RefreshTokens } from '../refresh-tokens/refresh-tokens';
import { RevocationFeed } from '../revocation/revocation-feed';
import type { LiveSession } from '../sessions/sessions';
import { dayOf, madeAt, newId } from '../time-id';
import { hashToken, isUnnamed, newSecret, unnamed, writeToken, type TokenString } from '../token-string';
import { RepeatedValues } from './repeated-values';

/** RFC 6749 §4.1.2 allows ten minutes; a browser needs no more than this (AC-06). */
const LIFETIME_MS = 60_000;

/** What a code stands for. */
export interface CodeFor {
  client: Client;
  organization: Organization;
  session: Pick<LiveSession, 'id' | 'user' | 'authTime' | 'amr'>;
  redirectUri: string;
  /** `S256`; absent where the client may leave it out and did. */
  challenge?: string;
  scope: string;
  nonce?: string;
  claims?: RequestedClaims;
  /** The DPoP key that it is bound to (RFC 9449 §10). */
  jkt?: string;
}

/** Who has let a client have a code. */
type CodeUser = Pick<TokenString<'kac'>, 'sub' | 'userOrganizationId'>;

/** What a client sends with a code. */
export interface Redemption {
  client: Client;
  redirectUri: string;
  /** The verifier's hash. */
  challenge?: string;
  /** Unix seconds: a sign-in before is over. */
  notBefore: number;
  /** The key that its refresh tokens are bound to, if any. */
  holder?: string;
  /** The DPoP key that the client has shown to hold. */
  jkt?: string;
}

/** What a code gives: all that was granted, and the first refresh token of the family that is now there. */
export interface Redeemed {
  scope: string;
  nonce: string | null;
  claims: RequestedClaims | null;
  /** Unix seconds. */
  authTime: number;
  amr: string[];
  sessionId: string;
  refreshToken: string;
}

/** One answer for every cause; the cause is for the log. */
export const invalidCode = (detail: string): ServiceError =>
  new ServiceError('invalid_grant', 'The authorization code is invalid, expired or used', { detail });

/** Authorization codes, RFC 6749 §4.1.2: only their hash is stored. */
@Injectable()
export class Codes {
  constructor(
    private readonly dataSource: DataSource,
    private readonly refreshTokens: RefreshTokens,
    private readonly revocations: RevocationFeed,
    private readonly repeated: RepeatedValues,
    private readonly clock: Clock,
  ) {}

  async issue({ client, organization, session, redirectUri, challenge, ...asked }: CodeFor): Promise<string> {
    const { scope, nonce, claims, jkt } = asked;
    this.repeated.note({ client, session, challenge, nonce });
    const now = this.clock.now();
    const { sub, organization: home } = session.user;
    // It is the id of the family as well, which is never older than its client's record.
    const id = newId(Math.max(now, client.tokensFrom * 1000));
    const named = { id, sub, userOrganizationId: home.id };
    const code = writeToken('kac', client.subjectType === 'public' ? named : unnamed(named), newSecret('kac'));
    await query(
      this.dataSource,
      'insert-code',
      'SELECT insert_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)',
      [
        ...[organization.id, code.day, code.id, code.hash, client.clientId, sub, home.id],
        ...[session.id, dayOf(session.id), redirectUri, challenge ?? null, scope, nonce ?? null],
        ...[
          session.authTime,
          session.amr,
          new Date(now + LIFETIME_MS),
          claims ? JSON.stringify(claims) : null,
          jkt ?? null,
        ],
      ],
    );
    return code.text;
  }

  /** Whose code it is: it says so itself, or its row does. Errors: `invalid_grant`. */
  async userOf(code: TokenString<'kac'>, { organizationId }: Client): Promise<CodeUser> {
    if (!isUnnamed(code)) return code;
    const [row] = await queryInOrganization<CodeUser>(
      this.dataSource,
      'find-code-user',
      `SELECT sub, user_organization_id AS "userOrganizationId" FROM authorization_codes
       WHERE organization_id = $1 AND day = $2 AND id = $3 AND hash = $4`,
      [organizationId, code.day, code.id, code.hash],
    );
    if (!row) throw invalidCode(`unknown, code ${code.id}`);
    return row;
  }

  /** Once. Errors: `invalid_grant`, and then the code is over; a second use ends what the first gave (AC-02). */
  async redeem(code: TokenString<'kac'>, redemption: Redemption): Promise<Redeemed> {
    const { client, redirectUri, challenge, notBefore, holder, jkt } = redemption;
    if (madeAt(code.id) < client.tokensFrom * 1000) throw invalidCode('of a consumer key that was deleted');
    const { text, hash, named, times } = this.refreshTokens.first(code, client);
    const [row] = await query<Omit<Redeemed, 'refreshToken'> & { outcome: string }>(
      this.dataSource,
      'redeem-code',
      `SELECT outcome, scope, nonce, auth_time::float8 AS "authTime", amr, session_id AS "sessionId", claims
       FROM redeem_code($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)`,
      [
        ...[client.organizationId, code.day, code.id, code.hash, client.clientId, redirectUri, challenge ?? null],
        ...[
          notBefore,
          hash,
          hashToken(held(named.proof, holder)),
          times.createdAt,
          times.absoluteExpiresAt,
          times.expiresAt,
          jkt ?? null,
        ],
      ],
    );
    if (row?.outcome === 'reuse') void this.revocations.publishNew();
    if (row?.outcome !== 'redeemed') throw invalidCode(`${row?.outcome}, code ${code.id}`);
    return { ...row, refreshToken: text };
  }
}
