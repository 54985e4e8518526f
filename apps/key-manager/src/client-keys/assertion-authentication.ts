import type { AssertClient, Client } from '@keyward/contracts';
import type { Replays } from '@keyward/database';
import type { ClientAuthentication } from '../clients/client-authentication';
import type { KnownClient } from '../clients/client-cache';
import { SKEW, verifyAssertion, type Assertion } from './client-assertion';
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

  private async verify({ client, jwks, jwksUri }: KnownClient, jwt: string, audience: string) {
    const expected = { issuer: client.clientId, subject: client.clientId, audience, now: this.now() };
    const keys = jwks ?? (jwksUri && (await this.remote.at(jwksUri)));
    if (!keys) return undefined;
    const verdict = await verifyAssertion(jwt, keys, expected);
    if ('assertion' in verdict) return verdict.assertion;
    const newer = verdict.unknownKey && jwksUri ? await this.remote.again(jwksUri) : undefined;
    if (!newer || newer === keys) return undefined;
    const second = await verifyAssertion(jwt, newer, expected);
    return 'assertion' in second ? second.assertion : undefined;
  }

  /** CA-23: of all that send one assertion, at whatever instance, one passes. */
  private isFirstUse({ organizationId, clientId: owner }: Client, { jti: id, exp }: Assertion): Promise<boolean> {
    return this.replays.isFirstUse({ organizationId, purpose: 'client', owner, id, endsAt: Math.ceil(exp) + SKEW });
  }
}
