import { Body, Get, HttpCode, Param, Post } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  endRefreshFamilies,
  findOrganization,
  listSigningKeys,
  revokeSigningKey,
  rotateSigningKey,
  ServiceError,
  type SigningKeys,
} from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import { RequestCall } from '../http/request-call';
import { JwksCache } from '../openid/jwks-cache';
import { SigningKeyRevocation, SigningKeyRotation } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/signing-keys', 'signing keys')
export class SigningKeysController {
  constructor(
    private readonly bus: Bus,
    private readonly services: ManagementBus,
    private readonly published: JwksCache,
    private readonly revocations: Revocations,
  ) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @RequestCall() call: Call): Promise<SigningKeys> {
    return this.services.call(listSigningKeys, orgkey, {}, call);
  }

  /** Publishes the next key; with `now` it signs at once. */
  @Post('rotate')
  @HttpCode(200)
  async rotate(
    @Param('orgkey') orgkey: string,
    @Body() body: SigningKeyRotation,
    @RequestCall() call: Call,
  ): Promise<SigningKeys> {
    const { id } = await this.bus.call(findOrganization, { key: orgkey.toLowerCase() }, call);
    const keys = await this.bus.call(rotateSigningKey, { ...body, organizationId: id }, call);
    this.published.forget(id);
    return keys;
  }

  /** For a key that somebody else may have: another signs at once, and no token of this one is taken any more. */
  @Post(':kid/revoke')
  @HttpCode(200)
  async revoke(
    @Param('orgkey') orgkey: string,
    @Param('kid') kid: string,
    @Body() { endGrants }: SigningKeyRevocation,
    @RequestCall() call: Call,
  ): Promise<SigningKeys> {
    const { id } = await this.bus.call(findOrganization, { key: orgkey.toLowerCase() }, call);
    const keys = await this.bus.call(revokeSigningKey, { organizationId: id, kid }, call).catch((error: unknown) => {
      // Who asks again because not all grants had ended finds the key gone: the rest still ends. A kid that is mistyped ends nothing.
      const isGone = error instanceof ServiceError && error.code === 'not_found' && this.revocations.isKeyRevoked(kid);
      if (endGrants && isGone) return this.list(orgkey, call);
      throw error;
    });
    this.published.forget(id);
    if (endGrants) await this.bus.call(endRefreshFamilies, { organizationId: id }, call);
    return keys;
  }
}
