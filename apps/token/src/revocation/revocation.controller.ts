import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import { revokeToken, Revoked, ServiceError, type Client, type TokenRequest } from '@keyward/contracts';
import { DataSource } from 'typeorm';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { revokeAccessToken } from '../access-tokens/issued-tokens';
import { ClientAuthentication, type Authenticated } from '../client-authentication';
import { RefreshTokens } from '../refresh-tokens/refresh-tokens';
import { tokenParam } from '../token-param';
import { RevocationFeed } from './revocation-feed';

/** The revocation endpoint, RFC 7009. A token that is not there any more is revoked already (§2.2). */
@Controller()
export class RevocationController {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly refreshTokens: RefreshTokens,
    private readonly accessTokens: AccessTokenReader,
    private readonly dataSource: DataSource,
    private readonly revocations: RevocationFeed,
  ) {}

  @Handle(revokeToken)
  async revoke(request: TokenRequest, call: Call): Promise<Revoked> {
    const authenticated = await this.clients.authenticate(request, call);
    const token = tokenParam(request.params);
    if (!(await this.revokeRefreshToken(token, authenticated)))
      await this.revokeAccessToken(token, authenticated, call);
    return new Revoked();
  }

  /** RV-07: the whole family ends, and with it its access tokens. */
  private async revokeRefreshToken(token: string, { client }: Authenticated): Promise<boolean> {
    const family = await this.refreshTokens.recognize(token, client.organizationId);
    if (!family) return false;
    if (isOwn(family.clientId, client)) await this.refreshTokens.revoke(family);
    return true;
  }

  /** RV-08: an access token ends alone. */
  private async revokeAccessToken(token: string, { client, organization }: Authenticated, call: Call): Promise<void> {
    const claims = await this.accessTokens.read(token, organization, call);
    if (!claims || !isOwn(claims.client_id, client)) return;
    await revokeAccessToken(this.dataSource, organization.id, claims);
    void this.revocations.publishNew();
  }
}

/** RV-06: of another client's token a confidential client is told, a public one is not. */
function isOwn(clientId: string, client: Client): boolean {
  if (clientId === client.clientId) return true;
  if (client.public) return false;
  throw new ServiceError('invalid_request', 'The token was not issued to this client');
}
