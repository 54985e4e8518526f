import type { Organizations, Revocations } from '@keyward/runtime';
import type { Assertions } from './assertions/assertions';
import type { Holders } from './holders';
import type { Knowledge } from './knowledge';
import type { Throttling } from './throttling/throttling';
import type { AccessTokens } from './tokens/access-tokens';
import type { Upstreams } from './upstreams';
import type { Usage } from './usage/usage';

/** What the proxy works with. */
export interface ProxyParts {
  known: Knowledge;
  organizations: Organizations;
  tokens: AccessTokens;
  revocations: Pick<Revocations, 'isRevoked' | 'isKeyRevoked'>;
  throttling: Pick<Throttling, 'take' | 'charge' | 'goesOn'>;
  assertions: Pick<Assertions, 'of'>;
  usage: Pick<Usage, 'count'>;
  holders: Holders;
  upstreams: Upstreams;
  /** Host and port that clients know the gateway by. */
  host: string;
}
