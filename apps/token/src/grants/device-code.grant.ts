import { Injectable } from '@nestjs/common';
import { ServiceError } from '@keyward/contracts';
import { Organizations, type OAuthSettings } from '@keyward/runtime';
import { takesUsersOf } from '../clients';
import { DeviceCodes, invalidDeviceCode } from '../devices/device-codes';
import { readToken } from '../token-string';
import { Users } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = { device_code: { required: true, maxBytes: 8192 } } as const;

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** Device Authorization Grant, RFC 8628 §3.4: a device asks again and again until its user has answered on a page. */
@Injectable()
export class DeviceCodeGrant extends Grant<typeof PARAMS> {
  readonly type = DEVICE_CODE;
  readonly enabled = (settings: OAuthSettings) => settings.deviceCodeGrant;
  readonly params = PARAMS;

  constructor(
    private readonly deviceCodes: DeviceCodes,
    private readonly users: Users,
    private readonly organizations: Organizations,
  ) {
    super();
  }

  async authorize({ device_code: text }: Values<typeof PARAMS>, { client, call }: Request): Promise<Authorization> {
    const code = readToken('kdc', text);
    if (!code) throw invalidDeviceCode('not a device code');
    const { sub, userOrganizationId } = await this.deviceCodes.poll(code, client);
    const isWelcome = takesUsersOf(client, userOrganizationId);
    const organization = isWelcome ? this.organizations.active(userOrganizationId) : undefined;
    const subject = organization && (await this.users.check(sub, organization, call));
    if (!organization || !subject) throw new ServiceError('invalid_grant');
    const notBefore = this.users.grantsBegin(subject);
    const redeemed = await this.deviceCodes.redeem(code, client, { sub, organization }, notBefore);
    const { scope, authTime, amr, sessionId, familyId, refreshToken } = redeemed;
    const mayRefresh = client.grantTypes.includes('refresh_token');
    return {
      user: { sub, organization, roles: subject.roles, authTime, amr },
      scope: scope.split(' '),
      family: { id: familyId, refreshToken: mayRefresh ? refreshToken : undefined },
      openid: { sid: sessionId },
    };
  }
}
