import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { findPairwiseNames, ServiceError, type Client } from '@keyward/contracts';

/** Whose names they are; of a signed token's client it does not matter what it is told now. */
type Named = Pick<Client, 'organizationId' | 'clientId'> & Partial<Pick<Client, 'subjectType'>>;

/** RFC 9562 §5.8: no id of ours is of this version. */
const PAIRWISE = /^.{14}8/;

/** By what names clients know users and sessions, OpenID Connect Core 1.0 §8. */
@Injectable()
export class ToldNames {
  constructor(private readonly bus: Bus) {}

  /** Ids as a client is told them, in their order: themselves, or names for its sector. */
  async of<const Ids extends readonly string[]>(
    { organizationId, clientId, subjectType }: Client,
    ids: Ids,
    call: Call,
  ): Promise<{ [N in keyof Ids]: string }> {
    if (subjectType === 'public') return [...ids] as { [N in keyof Ids]: string };
    const { names } = await this.bus.call(findPairwiseNames, { organizationId, clientId, ids: [...ids] }, call);
    return names as { [N in keyof Ids]: string };
  }

  /** Whether a client that says this name means this id. To one with pairwise subjects no id is confirmed that it has elsewhere. */
  async isOf(name: string, id: string, client: Named, call: Call): Promise<boolean> {
    if (name === id) return client.subjectType !== 'pairwise';
    if (!PAIRWISE.test(name)) return false;
    const { organizationId, clientId } = client;
    const asked = this.bus.call(findPairwiseNames, { organizationId, clientId, ids: [id] }, call);
    return asked.then(({ names }) => names.includes(name), gone);
  }
}

/** Of a client that is there no more, nobody knows any name. */
function gone(error: unknown): false {
  if (error instanceof ServiceError && error.code === 'invalid_client') return false;
  throw error;
}
