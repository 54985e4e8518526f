import { ServiceError, type ClientJwks } from '@keyward/contracts';
import { OutboundBusy, type Outbound } from '@keyward/runtime';
import { readPublishedJwks } from './jwks';
import { SharedCache } from './shared-cache';

/** How long a set is used before it is fetched anew, milliseconds. */
const FRESH_MS = 10 * 60_000;
/** CA-24: for a key that is not in it, and after a failure, it is fetched once in so long. */
const AGAIN_MS = 60_000;
/** Of an answer: a set of many keys with their certificates has a tenth of it. */
const MOST_BYTES = 256 * 1024;
/** What is held of all organizations, and of one: some hundred sets. */
const REMEMBERED = { all: 32 * 1024 * 1024, each: 1024 * 1024 };
/** What an entry takes beside its text. */
const ENTRY_BYTES = 500;
/** How many of one organization wait for servers that it names. */
const MOST_WAITING = 64;

interface Fetched {
  at: number;
  jwks: Promise<ClientJwks | undefined>;
  done: boolean;
}

/**
 * The key sets that clients publish, fetched when they are needed: one request at a time for each, whoever asks. Each organization
 * has its own copy and its share of what is held and of who waits, so that none stands in another's way (MT-21, MT-22). Whatever
 * is asked fails with `temporarily_unavailable` when nobody could be asked.
 */
export class RemoteJwks {
  private readonly known = new SharedCache<Fetched>(REMEMBERED);
  private readonly waiting = new Map<string, number>();

  constructor(
    private readonly outbound: Outbound,
    private readonly log: (message: string, error: unknown) => void,
    private readonly now: () => number,
  ) {}

  /** What is held, in bytes. */
  get bytes(): number {
    return this.known.bytes;
  }

  /** The set at a URL; `undefined` when it cannot be had. */
  async at(organizationId: string, url: string): Promise<ClientJwks | undefined> {
    const known = this.known.get(organizationId, url);
    if (!known) return await this.fetch(organizationId, url);
    const jwks = await this.result(organizationId, known);
    const keptMs = jwks ? FRESH_MS : AGAIN_MS;
    return this.now() - known.at < keptMs ? jwks : await this.refetch(organizationId, url, known);
  }

  /** The same for a key that was not in it: fetched again, unless that was done lately. */
  async again(organizationId: string, url: string): Promise<ClientJwks | undefined> {
    const known = this.known.get(organizationId, url);
    if (!known) return await this.fetch(organizationId, url);
    if (this.now() - known.at < AGAIN_MS) return await this.result(organizationId, known);
    return await this.refetch(organizationId, url, known);
  }

  private async refetch(organizationId: string, url: string, before: Fetched): Promise<ClientJwks | undefined> {
    const known = this.known.get(organizationId, url);
    if (known && known !== before) return await this.result(organizationId, known);
    return await this.fetch(organizationId, url);
  }

  private fetch(organizationId: string, url: string): Promise<ClientJwks | undefined> {
    const fetched: Fetched = { at: this.now(), jwks: this.read(organizationId, url), done: false };
    const keep = (bytes: number) => this.known.set(organizationId, url, fetched, ENTRY_BYTES + 2 * url.length + bytes);
    keep(0);
    const isKept = () => this.known.get(organizationId, url) === fetched;
    const end = (jwks?: ClientJwks) => {
      fetched.done = true;
      if (jwks && isKept()) keep(2 * JSON.stringify(jwks).length);
    };
    // Who could not be asked has not failed: the next one asks.
    fetched.jwks.then(end, () => isKept() && this.known.delete(organizationId, url));
    return this.result(organizationId, fetched);
  }

  private async result(organizationId: string, { jwks, done }: Fetched): Promise<ClientJwks | undefined> {
    if (done) return await jwks;
    const waiting = this.waiting.get(organizationId) ?? 0;
    if (waiting >= MOST_WAITING) throw busy('too many wait for its servers');
    this.waiting.set(organizationId, waiting + 1);
    try {
      return await jwks;
    } finally {
      const left = (this.waiting.get(organizationId) ?? 1) - 1;
      if (left > 0) this.waiting.set(organizationId, left);
      else this.waiting.delete(organizationId);
    }
  }

  private async read(organizationId: string, url: string): Promise<ClientJwks | undefined> {
    try {
      const headers = { accept: 'application/json' };
      const { status, body } = await this.outbound.send(url, { headers, organizationId, mostBytes: MOST_BYTES });
      if (status !== 200) throw new Error(`status ${status}`);
      return readPublishedJwks(JSON.parse(body.toString('utf8')) as object);
    } catch (error) {
      if (error instanceof OutboundBusy) throw busy(error.message);
      this.log('a key set was not fetched', error);
      return undefined;
    }
  }
}

const busy = (detail: string): ServiceError =>
  new ServiceError('temporarily_unavailable', undefined, { detail, retryAfter: 1 });
