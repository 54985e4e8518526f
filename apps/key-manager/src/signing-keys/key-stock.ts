import type { JsonWebKey } from 'node:crypto';
import type { PublicJwk } from '@keyward/contracts';
import { newSigningKeyPair } from './jws';

/** A key pair that is nobody's yet. */
export interface KeyPair {
  publicJwk: PublicJwk;
  privateJwk: JsonWebKey;
}

/**
 * RS256 key pairs made ahead, one at a time: one takes a hundred milliseconds of a processor and more, which nobody who waits for a
 * token should pay. They are in this process's memory alone until an organization has them.
 */
export class KeyStock {
  private readonly pairs: KeyPair[] = [];
  private readonly waiting: ((pair: Promise<KeyPair>) => void)[] = [];
  private filling = false;
  private stopped = false;

  constructor(private readonly size: number) {}

  /** Begins to fill it; what is taken is made again. */
  start(): void {
    void this.fill();
  }

  stop(): void {
    this.stopped = true;
    this.pairs.length = 0;
  }

  /** One of the stock; when there is none, the next that is made. */
  take(): Promise<KeyPair> {
    const pair = this.pairs.shift();
    const taken = pair ? Promise.resolve(pair) : new Promise<KeyPair>((resolve) => this.waiting.push(resolve));
    void this.fill();
    return taken;
  }

  private async fill(): Promise<void> {
    if (this.filling) return;
    this.filling = true;
    while (this.waiting.length > 0 || (this.pairs.length < this.size && !this.stopped)) {
      const made = newSigningKeyPair('RS256');
      const pair = await made.catch(() => undefined);
      const next = this.waiting.shift();
      if (next) next(made);
      else if (pair) this.pairs.push(pair);
    }
    this.filling = false;
  }
}
