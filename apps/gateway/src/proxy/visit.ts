import type { OutgoingHttpHeaders } from 'node:http';
import type { Call } from '@keyward/bus';
import type { Organization } from '@keyward/contracts';
import type { Passed } from './enforcement';
import type { Meter } from './forward';
import type { Resource } from './matcher';
import type { Found } from './route-table';
import type { Lane } from './turns';

/** What the server knows of a request besides the request itself. */
export interface Visit {
  address: string;
  traceparent: string;
  /** Headers that every answer has; each gets its own. */
  own: () => OutgoingHttpHeaders;
  call: () => Call;
  /** It has shown the key of its token already: a proof is used once, and may have to do for long. */
  held?: true;
}

/** An API that a request asks for. */
export interface Located extends Found {
  organization: Organization;
  query: string;
}

/** A request that may pass; `passed` is absent where no token is needed. */
export interface Admitted extends Located {
  resource: Resource;
  passed?: Passed;
}

/** What becomes known of a request on its way. */
export interface Seen extends Meter {
  startedAt: number;
  resource?: Resource;
  applicationId?: string;
  /** For the caller's next DPoP proof. */
  nonce?: string;
}

/** A request as its upstream gets it. */
export interface Outgoing {
  origin: string;
  lane: Lane;
  path: string;
  headers: string[];
}
