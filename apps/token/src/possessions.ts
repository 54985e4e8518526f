import { Injectable } from '@nestjs/common';
import {
  ROOT_ORGANIZATION,
  ServiceError,
  type Client,
  type Confirmation,
  type DpopProof,
  type Organization,
  type Possession,
} from '@keyward/contracts';
import { Replays } from '@keyward/database';
import type { Authenticated } from './client-authentication';
import { DpopNonces } from './dpop-nonces/dpop-nonces';

/** How long a proof is remembered after it was made, seconds: no gateway takes an older one. */
const REMEMBERED = 300;

/** What is asked of its proofs. */
type Wanting = Pick<Organization, 'id' | 'dpopNonce'>;

/** The keys that a request has shown to hold, and tokens that are bound to them: RFC 9449, RFC 8705. */
@Injectable()
export class Possessions {
  constructor(
    private readonly replays: Replays,
    private readonly nonces: DpopNonces,
  ) {}

  /**
   * What a new token is bound to, which may have to be something; uses up the proof. Errors: `invalid_dpop_proof`,
   * `use_dpop_nonce`, `invalid_request`.
   */
  async confirm(
    { dpop, certificate }: Possession,
    { client, organization }: Authenticated,
  ): Promise<Confirmation | undefined> {
    const { tokenBinding } = client;
    if (tokenBinding === 'dpop' && !dpop) throw new ServiceError('invalid_dpop_proof', 'A DPoP proof is needed');
    if (tokenBinding === 'certificate' && certificate === undefined)
      throw new ServiceError('invalid_request', 'A client certificate is needed');
    // ASVS 5.0 10.4.14: whatever it shows will do.
    const toCertificate = tokenBinding === 'certificate' || (organization.highAssurance && !dpop);
    if (toCertificate && certificate === undefined)
      throw new ServiceError('invalid_request', 'A DPoP proof or a client certificate is needed');
    if (dpop) await this.prove(dpop, organization);
    if (!dpop && !toCertificate) return undefined;
    return { ...(dpop && { jkt: dpop.jkt }), ...(toCertificate && { 'x5t#S256': certificate }) };
  }

  /**
   * Whether a token may be used by whoever sent it: a bound one with its key, any other without (RFC 9449 §7.1, §7.2; RFC 8705
   * §3). Uses up the proof. Errors: as of `prove`.
   */
  async holds(
    cnf: Confirmation | undefined,
    { dpop, certificate }: Possession,
    organization: Wanting,
  ): Promise<boolean> {
    if (cnf?.jkt !== dpop?.jkt) return false;
    if (cnf?.['x5t#S256'] !== undefined && cnf['x5t#S256'] !== certificate) return false;
    if (dpop) await this.prove(dpop, organization);
    return true;
  }

  /** A proof of a request to us: fresh, where the organization wants that, and used up. Errors: as of `confirm`. */
  async prove(dpop: DpopProof, organization: Wanting): Promise<void> {
    const dpopNonce = await this.missingNonce(dpop, organization);
    if (dpopNonce !== undefined)
      throw new ServiceError('use_dpop_nonce', 'The DPoP proof needs this nonce', { dpopNonce });
    if (!(await this.isFirst(dpop))) throw new ServiceError('invalid_dpop_proof', 'The DPoP proof is not valid');
  }

  /** The nonce that a proof had to have; `undefined` where it has one of ours, or none is wanted (RFC 9449 §8, §9). */
  async missingNonce({ nonce }: DpopProof, { id, dpopNonce }: Wanting): Promise<string | undefined> {
    return dpopNonce && (await this.nonces.judge(id, nonce)) === 'refused' ? this.nonces.make(id) : undefined;
  }

  /** The nonce for the next proof, where the one of this proof, if any, will soon be over (RFC 9449 §8.2). */
  async nextNonce(dpop: DpopProof | undefined, { id, dpopNonce }: Wanting): Promise<string | undefined> {
    if (!dpop || !dpopNonce) return undefined;
    return (await this.nonces.judge(id, dpop.nonce)) === 'new' ? undefined : this.nonces.make(id);
  }

  /** Whether it is the first use of a proof, over all instances and at whatever organization: at the root it says of none. */
  isFirst({ jkt: owner, jti: id, iat }: DpopProof): Promise<boolean> {
    const { id: organizationId } = ROOT_ORGANIZATION;
    return this.replays.isFirstUse({ organizationId, purpose: 'dpop', owner, id, endsAt: iat + REMEMBERED });
  }
}

/**
 * The key that the refresh tokens of a client without a secret are bound to (RFC 9449 §5, RFC 8705 §4, RT-13); another proves
 * itself anyway.
 */
export function holderOf(client: Client, cnf: Confirmation | undefined): string | undefined {
  if (!client.public || !cnf) return undefined;
  return cnf.jkt === undefined ? `x5t ${cnf['x5t#S256']}` : `jkt ${cnf.jkt}`;
}

/** The `token_type` of an access token. */
export const typeOf = (cnf: Confirmation | undefined): 'DPoP' | 'Bearer' =>
  cnf?.jkt === undefined ? 'Bearer' : 'DPoP';
