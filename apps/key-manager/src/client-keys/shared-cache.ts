/** Bytes that are held at most, of all and of one owner. */
export interface ByteLimits {
  all: number;
  each: number;
}

interface Entry<Value> {
  value: Value;
  bytes: number;
}

interface Share<Value> {
  bytes: number;
  entries: Map<string, Entry<Value>>;
}

/**
 * Values of many owners, within a number of bytes that whoever keeps one says it takes. One that keeps too much loses its own,
 * what it used longest ago first; where it is too much in all, the owner loses who asked for nothing longest.
 */
export class SharedCache<Value> {
  // A Map keeps the order of insertion: the first is the one used longest ago.
  private readonly shares = new Map<string, Share<Value>>();
  private total = 0;

  constructor(private readonly limits: ByteLimits) {}

  /** What is held, in bytes. */
  get bytes(): number {
    return this.total;
  }

  get(owner: string, key: string): Value | undefined {
    const share = this.shares.get(owner);
    const entry = share?.entries.get(key);
    if (!share || !entry) return undefined;
    this.shares.delete(owner);
    this.shares.set(owner, share);
    share.entries.delete(key);
    share.entries.set(key, entry);
    return entry.value;
  }

  set(owner: string, key: string, value: Value, bytes: number): void {
    this.delete(owner, key);
    const share = this.shares.get(owner) ?? { bytes: 0, entries: new Map<string, Entry<Value>>() };
    share.entries.set(key, { value, bytes });
    share.bytes += bytes;
    this.total += bytes;
    this.shares.delete(owner);
    this.shares.set(owner, share);
    while (share.bytes > this.limits.each) this.deleteFirst(owner, share);
    for (const [first, its] of this.shares) {
      while (this.total > this.limits.all && its.entries.size > 0) this.deleteFirst(first, its);
      if (this.total <= this.limits.all) return;
    }
  }

  delete(owner: string, key: string): void {
    const share = this.shares.get(owner);
    const entry = share?.entries.get(key);
    if (!share || !entry) return;
    share.entries.delete(key);
    share.bytes -= entry.bytes;
    this.total -= entry.bytes;
    if (share.entries.size === 0) this.shares.delete(owner);
  }

  private deleteFirst(owner: string, { entries }: Share<Value>): void {
    const [first] = entries.keys();
    if (first !== undefined) this.delete(owner, first);
  }
}
