import { REVOCABLE, type Revocable, type Revocation } from '@keyward/contracts';

interface End {
  /** Unix seconds, as `until`: tokens from then on are not concerned. */
  before: number;
  until: number;
}

/** The revocations of one feed, by what they end. */
export class RevocationList {
  private readonly ends = Object.fromEntries(REVOCABLE.map((kind) => [kind, new Map<string, End>()])) as Record<
    Revocable,
    Map<string, End>
  >;

  get size(): number {
    return REVOCABLE.reduce((sum, kind) => sum + this.ends[kind].size, 0);
  }

  /**
   * A kind that a newer owner knows is not of those that a token is looked up by here. Of two ends the one of more tokens
   * holds, in whichever order they are heard; only a client that was disabled may be enabled again.
   */
  apply(id: string, record: Revocation | null): void {
    const colon = id.indexOf(':');
    const kind = id.slice(0, colon) as Revocable;
    const ends = this.ends[kind] as Map<string, End> | undefined;
    const name = id.slice(colon + 1);
    if (!record) {
      ends?.delete(name);
      return;
    }
    const { before = Infinity, until } = record;
    const known = ends?.get(name);
    if (!known || kind === 'client' || before >= known.before) ends?.set(name, { before, until });
  }

  clear(): void {
    for (const kind of REVOCABLE) this.ends[kind].clear();
  }

  /** Whether a token from that time, Unix seconds, has ended with what is named. */
  hasEnded(kind: Revocable, name: string, from: number): boolean {
    const ends = this.ends[kind];
    if (ends.size === 0) return false;
    const end = ends.get(name);
    return end !== undefined && from < end.before;
  }

  /** Forgets what concerns no living token at that time, Unix seconds. */
  expire(now: number): void {
    for (const kind of REVOCABLE)
      for (const [name, { until }] of this.ends[kind]) if (until <= now) this.ends[kind].delete(name);
  }
}
