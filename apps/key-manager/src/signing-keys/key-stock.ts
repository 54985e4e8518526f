import { newSigningKeyPair, type KeyPair } from './jws';

/** Made at once for those who wait, beside what is made ahead. */
const AT_ONCE = 2;

interface Waiting {
  resolve: (pair: KeyPair) => void;
  reject: (error: unknown) => void;
}

/**
 * RS256 key pairs made ahead, one at a time: one takes some two hundred milliseconds of a processor, which nobody who
 * waits for a token should pay. They are in this process's memory alone until an organization has them.
 */
export class KeyStock {
  private readonly pairs: KeyPair[] = [];
  private readonly waiting: Waiting[] = [];
  private readonly patient: (() => void)[] = [];
  private making = 0;
  private filling = false;
  private stopped = false;

  constructor(
    private readonly size: number,
    private readonly make = () => newSigningKeyPair('RS256'),
  ) {}

  /** Begins to fill it; what is taken is made again. */
  start(): void {
    this.refill();
  }

  stop(): void {
    this.stopped = true;
    this.pairs.length = 0;
  }

  /** One of the stock; when there is none, one is made at once. */
  take(): Promise<KeyPair> {
    const pair = this.pairs.shift();
    this.refill();
    if (pair) return Promise.resolve(pair);
    return new Promise((resolve, reject) => {
      this.waiting.push({ resolve, reject });
      this.hurry();
    });
  }

  /** Resolves when more than half of the stock is there: what nobody waits for leaves that to those who do. */
  async spare(): Promise<void> {
    while (this.size > 0 && this.pairs.length * 2 <= this.size && !this.stopped)
      await new Promise<void>((resolve) => this.patient.push(resolve));
  }

  private hurry(): void {
    while (this.making < Math.min(AT_ONCE, this.waiting.length)) {
      this.making++;
      void this.make()
        .then(
          (pair) => this.add(pair),
          (error: unknown) => this.waiting.shift()?.reject(error),
        )
        .finally(() => {
          this.making--;
          this.hurry();
        });
    }
  }

  /** One at a time, so that it takes no more than one processor. */
  private refill(): void {
    if (this.filling || this.stopped || this.pairs.length >= this.size) return;
    this.filling = true;
    this.make().then(
      (pair) => {
        this.filling = false;
        this.add(pair);
        this.refill();
      },
      // What cannot be made is not tried again before the next is taken.
      () => (this.filling = false),
    );
  }

  private add(pair: KeyPair): void {
    const next = this.waiting.shift();
    if (next) next.resolve(pair);
    else if (!this.stopped) this.pairs.push(pair);
    for (const resolve of this.patient.splice(0)) resolve();
  }
}
