import type { ClientJwks } from '@keyward/contracts';
import type { Outbound } from '@keyward/runtime';
import { BoundedMap } from '../bounded-map';
import { readJwks } from './jwks';

/** How long a set is used before it is fetched anew, milliseconds. */
const FRESH_MS = 10 * 60_000;
/** CA-24: for a key that is not in it, and after a failure, it is fetched once in so long. */
const AGAIN_MS = 60_000;
const REMEMBERED = 5_000;

interface Fetched {
  at: number;
  jwks: Promise<ClientJwks | undefined>;
}

/** The key sets that clients publish, fetched when they are needed: one request at a time for each, whoever asks. */
export class RemoteJwks {
  private readonly known = new BoundedMap<Fetched>(REMEMBERED);

  constructor(
    private readonly outbound: Outbound,
    private readonly log: (message: string, error: unknown) => void,
    private readonly now: () => number,
  ) {}

  /** The set at a URL; `undefined` when it cannot be had. */
  async at(url: string): Promise<ClientJwks | undefined> {
    const known = this.known.get(url);
    if (!known) return await this.fetch(url);
    const jwks = await known.jwks;
    const keptMs = jwks ? FRESH_MS : AGAIN_MS;
    return this.now() - known.at < keptMs ? jwks : await this.refetch(url, known);
  }

  /** The same for a key that was not in it: fetched again, unless that was done lately. */
  async again(url: string): Promise<ClientJwks | undefined> {
    const known = this.known.get(url);
    if (!known) return await this.fetch(url);
    return this.now() - known.at < AGAIN_MS ? await known.jwks : await this.refetch(url, known);
  }

  private async refetch(url: string, before: Fetched): Promise<ClientJwks | undefined> {
    const known = this.known.get(url);
    return known && known !== before ? await known.jwks : await this.fetch(url);
  }

  private fetch(url: string): Promise<ClientJwks | undefined> {
    const jwks = this.read(url);
    this.known.set(url, { at: this.now(), jwks });
    return jwks;
  }

  private async read(url: string): Promise<ClientJwks | undefined> {
    try {
      const { status, body } = await this.outbound.send(url, { headers: { accept: 'application/json' } });
      if (status !== 200) throw new Error(`status ${status}`);
      return readJwks(JSON.parse(body.toString('utf8')) as object);
    } catch (error) {
      this.log('a key set was not fetched', error);
      return undefined;
    }
  }
}
