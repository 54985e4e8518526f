/** How many run at once, of all and of one; how many of one wait for their turn, and for how many milliseconds. */
export interface SlotLimits {
  all: number;
  each: number;
  waiting: number;
  waitMs: number;
}

interface Share {
  running: number;
  waiting: (() => void)[];
}

/**
 * Room for work at once, shared out among those it is done for: nobody has more than a share, and who waits is served in turn with
 * all others who do, however many each of them has waiting.
 */
export class FairSlots {
  private running = 0;
  /** In the order of their turns: who was served last is last. */
  private readonly shares = new Map<string, Share>();

  constructor(private readonly limits: SlotLimits) {}

  /** Whether there was room in time; then it is to be given back. */
  take(owner: string): Promise<boolean> {
    const share = this.shares.get(owner) ?? { running: 0, waiting: [] };
    this.shares.set(owner, share);
    if (this.hasRoom(share)) {
      this.begin(owner, share);
      return Promise.resolve(true);
    }
    if (share.waiting.length >= this.limits.waiting) return Promise.resolve(false);
    return new Promise((resolve) => {
      const turn = () => {
        clearTimeout(timer);
        resolve(true);
      };
      const timer = setTimeout(() => {
        share.waiting.splice(share.waiting.indexOf(turn), 1);
        this.forgetIdle(owner, share);
        resolve(false);
      }, this.limits.waitMs);
      share.waiting.push(turn);
    });
  }

  giveBack(owner: string): void {
    const share = this.shares.get(owner);
    if (!share) return;
    share.running--;
    this.running--;
    this.forgetIdle(owner, share);
    for (const [next, its] of this.shares) {
      if (its.waiting.length === 0 || !this.hasRoom(its)) continue;
      this.begin(next, its);
      its.waiting.shift()?.();
      return;
    }
  }

  private hasRoom(share: Share): boolean {
    return this.running < this.limits.all && share.running < this.limits.each;
  }

  private begin(owner: string, share: Share): void {
    share.running++;
    this.running++;
    this.shares.delete(owner);
    this.shares.set(owner, share);
  }

  private forgetIdle(owner: string, share: Share): void {
    if (share.running === 0 && share.waiting.length === 0) this.shares.delete(owner);
  }
}
