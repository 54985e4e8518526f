import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import { readAccessToken, ReadToken, type ReadAccessToken } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { AccessTokenReader } from '../access-tokens/access-token-reader';

/** Tells gateways what access tokens say that they cannot read themselves. */
@Controller()
export class AccessTokenController {
  constructor(
    private readonly accessTokens: AccessTokenReader,
    private readonly organizations: Organizations,
  ) {}

  @Handle(readAccessToken)
  async read({ organizationId, token }: ReadAccessToken, call: Call): Promise<ReadToken> {
    const organization = this.organizations.active(organizationId);
    const live = organization && (await this.accessTokens.readLive(token, organization, call));
    return live ? { claims: { ...live.claims } } : new ReadToken();
  }
}
