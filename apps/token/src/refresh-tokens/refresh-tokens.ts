import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { ServiceError, type Client, type Reason } from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import type { User } from '../grants/grant';
import { RevocationFeed } from '../revocation/revocation-feed';
import { madeAt } from '../time-id';
import { isUnnamed, newSecret, readToken, unnamed, writeToken, type Named, type TokenString } from '../token-string';
import {
  findFamily,
  insertFamily,
  revokeFamily,
  rotateFamily,
  type RefreshFamily,
  type Rotated,
} from './refresh-family';
import { newSuccessor, sameSuccessor } from './successor';

/** One answer for every cause; the cause is for the log. */
export const invalidRefreshToken = (detail: string, reason: Reason = 'refresh_token_unknown'): ServiceError =>
  new ServiceError('invalid_grant', 'The refresh token is invalid, expired or revoked', { detail, reason });

/** What a family refuses that was this client's; all else was never its refresh token. */
const REASONS: Partial<Record<string, Reason>> = {
  reuse: 'refresh_token_used',
  revoked: 'refresh_token_used',
  outdated: 'refresh_token_used',
  expired: 'refresh_token_expired',
};

/** The family of a token that was presented. */
export interface PresentedFamily extends RefreshFamily {
  presented: TokenString<'krt'>;
}

/** Who has signed in for a family. */
type TokenUser = Pick<RefreshFamily, 'sub' | 'userOrganizationId'>;

/** For what a refresh token is used. */
export interface Use {
  /** The scopes asked for; `undefined` when none were named. */
  scope?: string[];
  /** Unix seconds: a family of an earlier sign-in is over. */
  notBefore: number;
  /** The key that the request has shown to hold, of a client without a secret. */
  holder?: string;
  /** Whose it is said to be. */
  user: TokenUser;
}

/** How a family begins: by which grant, and bound to which key, if any. */
export interface Begun {
  grant: string;
  holder?: string;
}

/** What a refresh token gives: the one that follows it, and what its family knows of the grant. */
export interface Used {
  refreshToken: string;
  original: string[];
  authTime: number;
  amr: string[];
  /** The session on the pages that it came from, if any. */
  sessionId?: string;
}

/** Refresh tokens as they are given out: RFC 6749 §6, RFC 9700 §4.14. */
@Injectable()
export class RefreshTokens {
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: OAuthSettings,
    private readonly clock: Clock,
    private readonly revocations: RevocationFeed,
  ) {}

  /** The first refresh token of a new family. */
  async issue(id: string, client: Client, user: User, scope: string, by: Begun): Promise<string> {
    const { sub, authTime, amr, organization } = user;
    const first = this.first({ id, sub, userOrganizationId: organization.id }, client);
    const { organizationId, clientId } = client;
    await insertFamily(this.dataSource, {
      ...first.named,
      proof: held(first.named.proof, by.holder),
      ...{ scope, authTime, amr, organizationId, clientId },
      ...{ applicationId: client.applicationId, grant: by.grant },
      ...first.times,
      currentHash: first.hash,
    });
    return first.text;
  }

  /** The first refresh token of a family that is to be inserted with it. */
  first(family: Pick<RefreshFamily, 'id' | 'sub' | 'userOrganizationId'>, client: Client) {
    const named = { ...family, proof: randomUUID() };
    const { text, hash } = writeToken('krt', shownTo(client, named), newSecret('krt'));
    const now = this.clock.now();
    const times = {
      createdAt: new Date(now),
      absoluteExpiresAt: new Date(now + this.settings.refreshFamilyLifetime * 1000),
      expiresAt: new Date(now + this.lifetimeFor(client) * 1000),
    };
    return { text, hash, named, times };
  }

  /** The family of a token that is its newest or the one before; whoever's it is. */
  async recognize(text: string, organizationId: string): Promise<PresentedFamily | undefined> {
    const presented = readToken('krt', text);
    const family = presented && (await findFamily(this.dataSource, organizationId, presented.id));
    return family && isOfNewest(presented, family) ? { ...family, presented } : undefined;
  }

  /** Whose token it is: it says so itself, or its family does; `use` confirms it. Errors: `invalid_grant`. */
  async userOf(presented: TokenString<'krt'>, { organizationId }: Client): Promise<TokenUser> {
    if (!isUnnamed(presented)) return presented;
    const family = await findFamily(this.dataSource, organizationId, presented.id);
    if (!family) throw invalidRefreshToken(`unknown, family ${presented.id}`);
    return family;
  }

  /** Uses a token that nothing is known of but its text. Errors: `invalid_grant`, `invalid_scope` (RT-03). */
  async use(presented: TokenString<'krt'>, client: Client, { scope, notBefore, holder, user }: Use): Promise<Used> {
    // What is older than the client's record was granted to another of its name.
    if (madeAt(presented.id) < client.tokensFrom * 1000)
      throw invalidRefreshToken('of a consumer key that was deleted');
    // RT-14: only a client that proves itself by a secret may keep its refresh token.
    const keep = !client.rotateRefreshTokens && !client.public;
    const named = shownTo(client, presented);
    const successor = keep ? undefined : newSuccessor(presented.text, named);
    const { sub, userOrganizationId } = user;
    const ofFamily = { id: presented.id, proof: presented.proof, hash: presented.hash, sub, userOrganizationId };
    const rotation = {
      organizationId: client.organizationId,
      clientId: client.clientId,
      presented: { ...ofFamily, proof: held(presented.proof, holder) },
      next: successor && { hash: successor.next.hash, kept: successor.kept },
      ...{ scope, notBefore },
      now: new Date(this.clock.now()),
      lifetime: this.lifetimeFor(client),
      grace: this.settings.refreshGrace,
    };
    let rotated = await rotateFamily(this.dataSource, rotation);
    // Begun without a key, its family is not bound to this one.
    if (holder && rotated.outcome === 'unknown')
      rotated = await rotateFamily(this.dataSource, { ...rotation, presented: ofFamily });
    if (rotated.outcome === 'reuse') void this.revocations.publishNew();
    switch (rotated.outcome) {
      case 'rotated':
      case 'kept':
        return usedOf(rotated, successor?.next ?? presented);
      case 'retry': {
        const same = sameSuccessor(presented.text, named, rotated.kept);
        if (!same) throw invalidRefreshToken(`its successor cannot be told, family ${presented.id}`, REASONS['reuse']);
        return usedOf(rotated, same);
      }
      case 'scope':
        throw new ServiceError('invalid_scope', 'A requested scope exceeds what was granted');
      default:
        throw invalidRefreshToken(`${rotated.outcome}, family ${presented.id}`, REASONS[rotated.outcome]);
    }
  }

  /** Ends a family: its refresh tokens and its access tokens. */
  async revoke(family: RefreshFamily): Promise<void> {
    await revokeFamily(this.dataSource, family.organizationId, family.id, new Date(this.clock.now()));
    void this.revocations.publishNew();
  }

  private lifetimeFor(client: Client): number {
    return client.refreshTokenLifetime ?? this.settings.refreshTokenLifetime;
  }
}

/**
 * What all refresh tokens of a family say, with the key they are bound to: its hash is what the family knows, so that with
 * another key, or none, a token is of no family.
 */
export const held = (proof: string, holder: string | undefined): string => (holder ? `${proof} ${holder}` : proof);

const isOfNewest = ({ hash }: TokenString<'krt'>, { currentHash, previousHash }: RefreshFamily): boolean =>
  hash.equals(currentHash) || (previousHash !== null && hash.equals(previousHash));

/** What a token of this client may say of itself. */
const shownTo = ({ subjectType }: Client, named: Named<'krt'>): Named<'krt'> =>
  subjectType === 'public' ? named : unnamed(named);

const usedOf = ({ scope, authTime, amr, sessionId }: Rotated, { text }: TokenString<'krt'>): Used => ({
  refreshToken: text,
  original: scope.split(' '),
  ...{ authTime, amr, sessionId: sessionId ?? undefined },
});
