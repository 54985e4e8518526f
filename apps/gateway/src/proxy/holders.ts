import type { IncomingMessage } from 'node:http';
import type { Bus, Call } from '@keyward/bus';
import { useDpopProof } from '@keyward/contracts';
import type { ClientCertificates } from '../possession/certificates';
import { proofOf } from '../possession/dpop-proof';
import { DPOP_NONCE, Fault } from './fault';
import type { Grant } from './tokens/grant';

/** A token as a request brings it. */
export interface Brought {
  token: string;
  /** By the scheme `DPoP`. */
  dpop: boolean;
}

/** Says whether a request shows the key that its token is bound to (RFC 9449 §7.1, RFC 8705 §3). */
export class Holders {
  constructor(
    private readonly bus: Bus,
    private readonly publicUrl: string,
    private readonly certificates: ClientCertificates,
  ) {}

  /**
   * Throws for a bound token without its key, and for one that is not bound but sent as if it were. Answers a nonce for the next
   * proof, if there is one.
   */
  async assertHeld(
    request: IncomingMessage,
    { token, dpop }: Brought,
    grant: Grant,
    call: () => Call,
  ): Promise<string | undefined> {
    const { jkt, 'x5t#S256': x5t } = grant.cnf ?? {};
    // RFC 8705 §3.
    if (x5t !== undefined && x5t !== this.certificates.thumbprintOf(request)) throw new Fault('invalidCredentials');
    if (!dpop) {
      // RFC 9449 §7.2: a bound token is not taken as a bearer's.
      if (jkt !== undefined) throw new Fault('invalidCredentials');
      return undefined;
    }
    if (jkt === undefined) throw new Fault('unboundToken');
    const proof = await proofOf(request, { url: `${this.publicUrl}${request.url ?? ''}`, token });
    if (!proof) throw new Fault('invalidProof');
    if (proof.jkt !== jkt) throw new Fault('unboundToken');
    const { organizationId } = grant;
    const { first, nonce } = await this.bus.call(useDpopProof, { ...proof, organizationId }, call());
    if (first) return nonce;
    // RFC 9449 §9.
    throw nonce === undefined ? new Fault('invalidProof') : new Fault('missingNonce', { [DPOP_NONCE]: nonce });
  }
}
