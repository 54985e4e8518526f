import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { familyOf, getProfile, type Organization } from '@keyward/contracts';
import { queryInOrganization } from '@keyward/database';
import { DataSource } from 'typeorm';
import type { AccessTokenClaims } from '../claims';
import type { User } from '../grants/grant';
import { dayOf } from '../time-id';

/** Of whom. */
type Known = Pick<User, 'sub' | 'organization'> & { username: string };

/** The standard claims about users (OpenID Connect Core 1.0 §5.1), which the directory keeps. */
@Injectable()
export class UserClaims {
  constructor(
    private readonly bus: Bus,
    private readonly dataSource: DataSource,
  ) {}

  /** Those of these names that there are. */
  async of({ sub, username, organization }: Known, names: readonly string[], call: Call) {
    if (names.length === 0) return {};
    const { profile } = await this.bus.call(getProfile, { organizationId: organization.id, sub }, call);
    const claims: Record<string, unknown> = { preferred_username: username, ...profile };
    return Object.fromEntries(names.flatMap((name) => (claims[name] == null ? [] : [[name, claims[name]] as const])));
  }

  /** The names that the request behind an access token had for UserInfo, beside its scopes. */
  async requested({ jti }: AccessTokenClaims, { id: organizationId }: Organization): Promise<string[]> {
    const family = familyOf(jti);
    if (!family) return [];
    const [row] = await queryInOrganization<{ claims: string[] | null }>(
      this.dataSource,
      'find-userinfo-claims',
      `SELECT userinfo_claims AS claims FROM refresh_families WHERE organization_id = $1 AND day = $2 AND id = $3`,
      [organizationId, dayOf(family), family],
    );
    return row?.claims ?? [];
  }
}
