import { Controller } from '@nestjs/common';
import { Handle } from '@keyward/bus';
import { useDpopProof, type DpopProofUse, type UseDpopProof } from '@keyward/contracts';
import { Possessions } from './possessions';

/** Remembers for gateways which proofs have been used at APIs. */
@Controller()
export class DpopProofsController {
  constructor(private readonly possessions: Possessions) {}

  @Handle(useDpopProof)
  async use({ organizationId, ...proof }: UseDpopProof): Promise<DpopProofUse> {
    return { first: await this.possessions.isFirst(proof, organizationId) };
  }
}
