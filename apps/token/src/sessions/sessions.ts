import { Injectable } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import type { Organization } from '@keyward/contracts';
import { Organizations, SessionSettings } from '@keyward/runtime';
import { DataSource } from 'typeorm';
import { BackChannelLogout } from '../back-channel-logout/back-channel-logout';
import { Clock } from '../clock';
import type { User } from '../grants/grant';
import { RevocationFeed } from '../revocation/revocation-feed';
import { newId } from '../time-id';
import { newSecret, readToken, writeToken } from '../token-string';
import { Users } from '../users';
import { endSessionRow, findSessionRow, saveSession, touchSession, type Alive, type SessionRow } from './session-rows';

/** How often a use is written down at most, milliseconds. */
const NOTED_EVERY_MS = 60_000;

/** Someone who is signed in now. */
export interface LiveSession extends SessionRow {
  user: User & { username: string };
}

/** Sign-ins on an organization's pages: a cookie's opaque value, of which the hash is kept. */
@Injectable()
export class Sessions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly settings: SessionSettings,
    private readonly organizations: Organizations,
    private readonly users: Users,
    private readonly revocations: RevocationFeed,
    private readonly backChannel: BackChannelLogout,
    private readonly clock: Clock,
  ) {}

  /** The session of a cookie of this organization's pages (MT-08), its user as the directory knows it now. */
  async find(secret: string | undefined, { id }: Organization, call: Call): Promise<LiveSession | undefined> {
    const presented = secret === undefined ? undefined : readToken('kss', secret);
    const row = presented && (await findSessionRow(this.dataSource, id, presented));
    if (!row || !this.isAlive(row)) return undefined;
    const home = this.organizations.active(row.userOrganizationId);
    const user = home && (await this.users.find(row, home, call));
    if (!user) return undefined;
    const now = this.clock.now();
    if (now - row.usedAt.getTime() > NOTED_EVERY_MS) await touchSession(this.dataSource, id, row.id, new Date(now));
    return { ...row, user };
  }

  /** Absolute and idle end (ASVS 7.3.1, 7.3.2). */
  isAlive({ usedAt, absoluteExpiresAt }: SessionRow): boolean {
    return Math.min(usedAt.getTime() + this.settings.idle * 1000, absoluteExpiresAt.getTime()) > this.clock.now();
  }

  /** What `isAlive` says, of many. */
  alive(): Alive {
    const now = this.clock.now();
    return { usedAfter: new Date(now - this.settings.idle * 1000), now: new Date(now) };
  }

  /** When it ends unless it is used. */
  expiryOf({ usedAt, absoluteExpiresAt }: SessionRow): Date {
    return new Date(Math.min(usedAt.getTime() + this.settings.idle * 1000, absoluteExpiresAt.getTime()));
  }

  /**
   * A user has just proved who it is; the cookie's value is always a new one (ASVS 7.2.4). Whose session it was before, goes
   * on with it; somebody else's ends.
   */
  async begin(
    user: User,
    organization: Organization,
    before: LiveSession | undefined,
    userAgent: string | undefined,
  ): Promise<{ secret: string; session: SessionRow }> {
    const now = this.clock.now();
    const same = before?.sub === user.sub && before.userOrganizationId === user.organization.id;
    if (before && !same) await this.end(before.id, organization);
    const cookie = writeToken('kss', { id: same ? before.id : newId(now) }, newSecret('kss'));
    const session = {
      id: cookie.id,
      sub: user.sub,
      userOrganizationId: user.organization.id,
      authTime: user.authTime,
      amr: user.amr,
      userAgent: userAgent ?? null,
      createdAt: new Date(now),
      usedAt: new Date(now),
      absoluteExpiresAt: new Date(now + this.settings.absolute * 1000),
    };
    await saveSession(this.dataSource, { ...session, organizationId: organization.id, hash: cookie.hash });
    return { secret: cookie.text, session };
  }

  async end(id: string, organization: Pick<Organization, 'id'>): Promise<void> {
    await endSessionRow(this.dataSource, organization.id, id, new Date(this.clock.now()));
    void this.revocations.publishNew();
    void this.backChannel.look();
  }
}
