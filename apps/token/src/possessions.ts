import { Injectable } from '@nestjs/common';
import { ServiceError, type Client, type Confirmation, type DpopProof, type Possession } from '@keyward/contracts';
import { Replays } from '@keyward/database';

/** How long a proof is remembered after it was made, seconds: no gateway takes an older one. */
const REMEMBERED = 300;

/** The keys that a request has shown to hold, and tokens that are bound to them: RFC 9449. */
@Injectable()
export class Possessions {
  constructor(private readonly replays: Replays) {}

  /** What a new token is bound to; uses up the proof. Errors: `invalid_dpop_proof`. */
  async confirm({ dpop }: Possession, organizationId: string): Promise<Confirmation | undefined> {
    if (!dpop) return undefined;
    await this.use(dpop, organizationId);
    return { jkt: dpop.jkt };
  }

  /**
   * Whether a token may be used by whoever sent it: a bound one with its key, any other without (RFC 9449 §7.1, §7.2). Uses up
   * the proof. Errors: `invalid_dpop_proof`.
   */
  async holds(cnf: Confirmation | undefined, { dpop }: Possession, organizationId: string): Promise<boolean> {
    if (cnf?.jkt !== dpop?.jkt) return false;
    if (dpop) await this.use(dpop, organizationId);
    return true;
  }

  /** Whether it is the first use of a proof, over all instances. */
  isFirst({ jkt: owner, jti: id, iat }: DpopProof, organizationId: string): Promise<boolean> {
    return this.replays.isFirstUse({ organizationId, purpose: 'dpop', owner, id, endsAt: iat + REMEMBERED });
  }

  private async use(proof: DpopProof, organizationId: string): Promise<void> {
    if (!(await this.isFirst(proof, organizationId)))
      throw new ServiceError('invalid_dpop_proof', 'The DPoP proof is not valid');
  }
}

/** The key that the refresh tokens of a client without a secret are bound to (RFC 9449 §5, RT-13); another proves itself anyway. */
export const holderOf = (client: Client, cnf: Confirmation | undefined): string | undefined =>
  client.public && cnf?.jkt !== undefined ? `jkt ${cnf.jkt}` : undefined;

/** The `token_type` of an access token. */
export const typeOf = (cnf: Confirmation | undefined): 'DPoP' | 'Bearer' =>
  cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
