import type { AssertClient, Client } from '@keyward/contracts';
import type { Replays } from '@keyward/database';
import type { ClientAuthentication } from '../clients/client-authentication';
import type { KnownClient } from '../clients/client-cache';
import { verifyByKeysOf } from './by-keys-of';
import { SKEW, type Assertion } from './client-assertion';
import type { RemoteJwks } from './remote-jwks';

/** Client authentication by `private_key_jwt`, RFC 7523 §3 (CA-20 to CA-24). */
export class AssertionAuthentication {
  constructor(
    private readonly clients: ClientAuthentication,
    private readonly remote: RemoteJwks,
    private readonly replays: Replays,
    private readonly now: () => number,
  ) {}

  /** Every failure is one answer (CA-07) and is counted as a wrong secret is. */
  authenticate({ organizationId, clientId, ip, assertion, audience }: AssertClient): Promise<Client> {
    return this.clients.proveBy({ organizationId, clientId, ip }, async (known) => {
      if (known.method !== 'private_key_jwt') return false;
      const verified = await this.verify(known, assertion, audience);
      return verified !== undefined && (await this.isFirstUse(known.client, verified));
    });
  }

  private verify({ client, jwks, jwksUri }: KnownClient, jwt: string, audience: string) {
    const { organizationId, clientId } = client;
    const expected = { issuer: clientId, subject: clientId, audience, now: this.now() };
    return verifyByKeysOf(this.remote, { organizationId, jwks, jwksUri }, jwt, expected);
  }

  /** CA-23: of all that send one assertion, at whatever instance, one passes. */
  private isFirstUse({ organizationId, clientId: owner }: Client, { jti: id, exp }: Assertion): Promise<boolean> {
    return this.replays.isFirstUse({ organizationId, purpose: 'client', owner, id, endsAt: Math.ceil(exp) + SKEW });
  }
}
