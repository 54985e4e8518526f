import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import {
  authorizeDevice,
  ROOT_ORGANIZATION,
  ServiceError,
  type DeviceAuthorization,
  type Organization,
  type TokenRequest,
} from '@keyward/contracts';
import { IssuerSettings, OAuthSettings } from '@keyward/runtime';
import { ClientAuthentication } from '../client-authentication';
import { DEVICE_CODE } from '../grants/device-code.grant';
import { audienceOf, Issuers } from '../issuer';
import { assertResources } from '../resource';
import { parseScope } from '../scope';
import { DeviceCodes, INTERVAL, LIFETIME } from './device-codes';
import { shownCode } from './user-code';

/** Longer ones are no list of scopes, but what somebody wants to have stored. */
const LONGEST_SCOPE = 2000;

/** The device authorization endpoint, RFC 8628 §3.1. */
@Controller()
export class DeviceAuthorizationController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly deviceCodes: DeviceCodes,
    private readonly issuers: Issuers,
    private readonly issuer: IssuerSettings,
    private readonly settings: OAuthSettings,
  ) {}

  @Handle(authorizeDevice)
  async authorize(request: TokenRequest, call: Call): Promise<DeviceAuthorization> {
    const { client, organization } = await this.clients.authenticate(request, call);
    if (!this.settings.deviceCodeGrant || !client.grantTypes.includes(DEVICE_CODE))
      throw new ServiceError('unauthorized_client', 'The client is not authorized to use device codes');
    const { scope, resource } = request.params;
    if (resource) assertResources(resource, audienceOf(this.issuers.of(organization)));
    if ((scope?.length ?? 0) > LONGEST_SCOPE) throw new ServiceError('invalid_scope', 'The scope is too long');
    parseScope(scope);
    const { deviceCode, userCode } = await this.deviceCodes.issue(client, scope);
    const page = `${this.pagesOf(organization)}/device`;
    return {
      device_code: deviceCode,
      user_code: shownCode(userCode),
      verification_uri: page,
      verification_uri_complete: `${page}?user_code=${shownCode(userCode)}`,
      expires_in: LIFETIME,
      interval: INTERVAL,
    };
  }

  /** People type it: that of `root` is the shortest there is. */
  private pagesOf(organization: Organization): string {
    return organization.id === ROOT_ORGANIZATION.id ? this.issuer.publicUrl : this.issuers.of(organization);
  }
}
