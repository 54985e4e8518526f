import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import { Bearer, ROOT_ORGANIZATION, ServiceError, verifyBearer, type VerifyBearer } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { AccessTokenReader } from '../access-tokens/access-token-reader';
import { Possessions } from '../possessions';
import { isGrantable } from '../scope';

/** Proves a bearer of the management API: tokens of the issuer `root` alone, their users as they are now. */
@Controller()
export class BearerController {
  constructor(
    private readonly accessTokens: AccessTokenReader,
    private readonly organizations: Organizations,
    private readonly possessions: Possessions,
  ) {}

  @Handle(verifyBearer)
  async verify({ token, possession = {} }: VerifyBearer, call: Call): Promise<Bearer> {
    const root = this.organizations.active(ROOT_ORGANIZATION.id);
    const live = root && (await this.accessTokens.readLive(token, root, call));
    if (!live || !(await this.possessions.holds(live.claims.cnf, possession, root)))
      throw new ServiceError('invalid_token', 'The access token is invalid, expired or revoked');
    const { sub, client_id: clientId, scope } = live.claims;
    const client = { clientId, organizationId: root.id };
    // Whoever has lost the role keeps a token without the scope.
    const scopes = scope.split(' ').filter((granted) => isGrantable(granted, client, live.user));
    const { id: organizationId, key: orgKey } = live.user?.organization ?? root;
    const dpopNonce = await this.possessions.nextNonce(possession.dpop, root);
    return { sub, clientId, organizationId, orgKey, scopes, roles: live.user?.roles, dpopNonce };
  }
}
