import type { Call } from './call';
import { timeLeft } from './call';
import type { Reply, Responder } from './wire';

const busy = (description: string): Reply => ({
  error: { code: 'temporarily_unavailable', description, retryAfter: 1 },
});

/** Counts the requests a participant works on, refuses those over its limit or too late, and knows when none is left. */
export class InFlight {
  private count = 0;
  private waiting: (() => void)[] = [];

  constructor(private readonly limit: number) {}

  async answer(responder: Responder, request: unknown, call: Call): Promise<Reply> {
    if (this.count >= this.limit) return busy('too much work in flight');
    if (timeLeft(call) === 0) return busy('too late');
    this.count++;
    try {
      return await responder(request, call);
    } finally {
      this.count--;
      if (this.count === 0) this.waiting.splice(0).forEach((resume) => resume());
    }
  }

  /** Resolves when nothing is in flight, or after `limitMs`. */
  async idle(limitMs: number): Promise<void> {
    if (this.count === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      this.waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
