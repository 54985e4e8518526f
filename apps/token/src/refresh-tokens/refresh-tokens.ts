import { Injectable } from '@nestjs/common';
import { ServiceError, type Client } from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { Clock } from '../clock';
import type { User } from '../grants/grant';
import { newSecret, readToken, writeToken, type TokenString } from '../token-string';
import {
  findFamily,
  insertFamily,
  revokeFamily,
  rotateFamily,
  type RefreshFamily,
  type Rotated,
  type Rotation,
} from './refresh-family';
import { openSuccessor, sealSuccessor } from './successor';

/** One answer for every cause; the cause is for the log. */
export const invalidRefreshToken = (detail: string): ServiceError =>
  new ServiceError('invalid_grant', 'The refresh token is invalid, expired or revoked', { detail });

/** A family and the token of it that was presented. */
export interface PresentedFamily extends RefreshFamily {
  presented: TokenString;
}

/** Refresh tokens as they are given out: RFC 6749 §6, RFC 9700 §4.14. */
@Injectable()
export class RefreshTokens {
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: OAuthSettings,
    private readonly clock: Clock,
  ) {}

  /** The first refresh token of a new family. */
  async issue(id: string, client: Client, user: User, scope: string): Promise<string> {
    const token = writeToken('krt', id, newSecret());
    const now = this.clock.now();
    const { sub, authTime, amr, organization } = user;
    await insertFamily(this.dataSource, {
      ...{ id, scope, sub, authTime, amr },
      organizationId: client.organizationId,
      clientId: client.clientId,
      userOrganizationId: organization.id,
      createdAt: new Date(now),
      absoluteExpiresAt: new Date(now + this.settings.refreshFamilyLifetime * 1000),
      expiresAt: new Date(now + this.lifetimeFor(client) * 1000),
      currentHash: token.hash,
    });
    return token.text;
  }

  /** The family that a client's refresh token is of, before anything is changed. Errors: `invalid_grant`. */
  async find(text: string, client: Client): Promise<PresentedFamily> {
    const family = await this.familyOf(text, client.organizationId);
    // RT-02: another client's token is refused and stays as it is.
    if (family?.clientId !== client.clientId) throw invalidRefreshToken('not a token of this client');
    if (!isOfNewest(family)) await this.rotate(family, client); // RT-06: the family decides about it, and refuses
    return family;
  }

  /** The family of a token that is its newest or the one before; whoever's it is. */
  async recognize(text: string, organizationId: string): Promise<PresentedFamily | undefined> {
    const family = await this.familyOf(text, organizationId);
    return family && isOfNewest(family) ? family : undefined;
  }

  /** The refresh token that follows the presented one. Errors: `invalid_grant`. */
  async rotate(family: PresentedFamily, client: Client): Promise<string> {
    const { presented } = family;
    const rotation: Rotation = {
      organizationId: family.organizationId,
      family: family.id,
      presented: presented.hash,
      now: new Date(this.clock.now()),
      lifetime: this.lifetimeFor(client),
      grace: this.settings.refreshGrace,
    };
    // RT-14: only a client that proves itself by a secret may keep its refresh token.
    if (!client.rotateRefreshTokens && !client.public)
      return this.settle(family, await rotateFamily(this.dataSource, rotation), presented);
    const next = writeToken('krt', family.id, newSecret());
    const sealed = sealSuccessor(presented.text, family.id, next.secret);
    return this.settle(
      family,
      await rotateFamily(this.dataSource, { ...rotation, next: { hash: next.hash, sealed } }),
      next,
    );
  }

  /** Ends a family: its refresh tokens, and at introspection its access tokens. */
  revoke(family: RefreshFamily): Promise<void> {
    return revokeFamily(this.dataSource, family.organizationId, family.id, new Date(this.clock.now()));
  }

  private async familyOf(text: string, organizationId: string): Promise<PresentedFamily | undefined> {
    const presented = readToken('krt', text);
    const family = presented && (await findFamily(this.dataSource, organizationId, presented.id));
    return family && { ...family, presented };
  }

  private settle({ id, presented }: PresentedFamily, { outcome, sealed }: Rotated, next: TokenString): string {
    if (outcome === 'rotated' || outcome === 'kept') return next.text;
    if (outcome === 'retry') return writeToken('krt', id, openSuccessor(presented.text, id, sealed)).text;
    throw invalidRefreshToken(`${outcome}, family ${id}`);
  }

  private lifetimeFor(client: Client): number {
    return client.refreshTokenLifetime ?? this.settings.refreshTokenLifetime;
  }
}

const isOfNewest = ({ presented: { hash }, currentHash, previousHash }: PresentedFamily): boolean =>
  hash.equals(currentHash) || (previousHash !== null && hash.equals(previousHash));
