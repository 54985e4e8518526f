import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { checkUser, ServiceError, type Organization } from '@keyward/contracts';
import { OAuthSettings } from '@keyward/runtime';
import type { User } from './grants/grant';

/** The users behind tokens that were already issued. */
@Injectable()
export class Users {
  constructor(
    private readonly bus: Bus,
    private readonly settings: OAuthSettings,
  ) {}

  /** The user as the directory knows it now; `undefined` when it may have no tokens from that time (RT-10). */
  async find(
    granted: Pick<User, 'sub' | 'authTime' | 'amr'>,
    organization: Organization,
    call: Call,
  ): Promise<(User & { username: string }) | undefined> {
    const { sub, authTime, amr } = granted;
    const subject = await this.bus.call(checkUser, { organizationId: organization.id, sub }, call).catch(gone);
    if (!subject) return undefined;
    if (this.settings.revokeOnPasswordChange && subject.credentialsChangedAt > authTime) return undefined;
    return { sub, username: subject.username, roles: subject.roles, organization, authTime, amr };
  }
}

function gone(error: unknown): undefined {
  if (!(error instanceof ServiceError) || error.code !== 'invalid_grant') throw error;
}
