import { BoundedMap } from './bounded-map';

/** How much is held, and how what does not exist is remembered: apart, so that made-up names push nothing else out. */
export interface CacheLimits {
  present: number;
  absent: number;
  /** Milliseconds. */
  absentFor: number;
}

/**
 * Values read when first asked for and held until dropped. A read that was under way when its key was dropped may have
 * seen what was before: whoever waits for it gets it, but it is not kept and nobody joins it any more.
 */
export class LoadingCache<Value> {
  private readonly present: BoundedMap<Value>;
  private readonly absent: BoundedMap<number>;
  private readonly loading = new Map<string, Promise<Value | undefined>>();

  constructor(
    private readonly limits: CacheLimits,
    private readonly load: (key: string) => Promise<Value | undefined>,
    private readonly now: () => number,
  ) {
    this.present = new BoundedMap(limits.present);
    this.absent = new BoundedMap(limits.absent);
  }

  /** What is held, without asking anyone. */
  held(key: string): Value | undefined {
    return this.present.get(key);
  }

  /** Whether asking would read: neither held nor known to be absent. */
  isCold(key: string): boolean {
    return this.present.get(key) === undefined && !this.isAbsent(key);
  }

  async get(key: string): Promise<Value | undefined> {
    const held = this.present.get(key);
    if (held !== undefined || this.isAbsent(key)) return held;
    const running = this.loading.get(key);
    if (running) return await running;
    const load = this.load(key);
    this.loading.set(key, load);
    try {
      const value = await load;
      if (this.loading.get(key) === load) this.keep(key, value);
      return value;
    } finally {
      if (this.loading.get(key) === load) this.loading.delete(key);
    }
  }

  drop(key: string): void {
    this.present.delete(key);
    this.absent.delete(key);
    this.loading.delete(key);
  }

  clear(): void {
    this.present.clear();
    this.absent.clear();
    this.loading.clear();
  }

  private keep(key: string, value: Value | undefined): void {
    if (value === undefined) this.absent.set(key, this.now() + this.limits.absentFor);
    else this.present.set(key, value);
  }

  private isAbsent(key: string): boolean {
    return (this.absent.get(key) ?? 0) > this.now();
  }
}
