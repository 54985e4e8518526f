import { Injectable } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import type { OAuthSettings } from '@keyward/runtime';
import { Organizations } from '../organizations';
import { invalidRefreshToken, RefreshTokens } from '../refresh-tokens/refresh-tokens';
import { Users } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = { refresh_token: { required: true } } as const;

/** Refreshing an access token, RFC 6749 §6. */
@Injectable()
export class RefreshTokenGrant extends Grant<typeof PARAMS> {
  readonly type = 'refresh_token';
  readonly enabled = (settings: OAuthSettings) => settings.refreshTokenGrant;
  readonly params = PARAMS;

  constructor(
    private readonly refreshTokens: RefreshTokens,
    private readonly users: Users,
    private readonly organizations: Organizations,
  ) {
    super();
  }

  async authorize({ refresh_token: token }: Values<typeof PARAMS>, request: Request): Promise<Authorization> {
    const family = await this.refreshTokens.find(token, request.client);
    const original = family.scope.split(' ');
    if (request.scope?.some((scope) => !original.includes(scope)))
      throw new ServiceError('invalid_scope', 'A requested scope exceeds what was granted');
    const organization = this.organizations.active(family.userOrganizationId);
    const user = organization && (await this.users.find(family, organization, request.call));
    if (!user) throw invalidRefreshToken('the user may have no more tokens');
    return { user, scope: request.scope ?? original, family };
  }
}
