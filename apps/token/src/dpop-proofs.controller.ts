import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import { useDpopProof, type DpopProofUse, type UseDpopProof } from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { Possessions } from './possessions';

/** Judges for gateways the proofs that are used at APIs: whether they are fresh, where that is wanted, and new. */
@Controller()
export class DpopProofsController {
  constructor(
    private readonly possessions: Possessions,
    private readonly organizations: Organizations,
  ) {}

  @Handle(useDpopProof)
  async use({ organizationId, ...proof }: UseDpopProof): Promise<DpopProofUse> {
    const organization = await this.organizations.activeNow(organizationId);
    if (!organization) return { first: false };
    const missing = await this.possessions.missingNonce(proof, organization);
    if (missing !== undefined) return { first: false, nonce: missing };
    const first = await this.possessions.isFirst(proof);
    return { first, nonce: first ? await this.possessions.nextNonce(proof, organization) : undefined };
  }
}
