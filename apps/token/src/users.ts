import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { checkUser, ServiceError, type Organization, type ProvenUser, type Subject } from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import { inSeconds } from './clock';
import type { User } from './grants/grant';

/**
 * When a user was proven, Unix seconds. A directory of before does not say: while it is being replaced, it is now, which is never
 * before its credentials changed.
 */
export const provenAt = (
  { authTime, credentialsChangedAt }: Partial<Pick<ProvenUser, 'authTime'>> & Pick<ProvenUser, 'credentialsChangedAt'>,
  now: number,
): number => authTime ?? Math.max(inSeconds(now), credentialsChangedAt);

/** The users behind tokens that were already issued. */
@Injectable()
export class Users {
  constructor(
    private readonly bus: Bus,
    private readonly settings: OAuthSettings,
  ) {}

  /** The user as the directory knows it now; `undefined` when it may have no tokens at all (RT-10). */
  async check(sub: string, organization: Organization, call: Call): Promise<Subject | undefined> {
    return this.bus.call(checkUser, { organizationId: organization.id, sub }, call).catch(gone);
  }

  /** Unix seconds: what was granted before is over, because it was ended, or the user has another password since. */
  grantsBegin({ credentialsChangedAt, grantsEndedAt }: Subject): number {
    return Math.max(grantsEndedAt ?? 0, this.settings.revokeOnPasswordChange ? credentialsChangedAt : 0);
  }

  /** The user of a grant; `undefined` when it may have no tokens from that time. */
  async find(
    { sub, authTime, amr }: Pick<User, 'sub' | 'authTime' | 'amr'>,
    organization: Organization,
    call: Call,
  ): Promise<(User & { username: string }) | undefined> {
    const subject = await this.check(sub, organization, call);
    if (!subject || authTime < this.grantsBegin(subject)) return undefined;
    return { sub, username: subject.username, roles: subject.roles, organization, authTime, amr };
  }
}

function gone(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'invalid_grant') throw error;
}
