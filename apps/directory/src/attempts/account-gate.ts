import { ServiceError } from '@keyward/contracts';
import { timeLeft, type Call } from '@keyward/bus';

/** What is left of a call's time for everything after the gate. */
const MARGIN_MS = 200;

interface Waiting {
  enter: () => void;
  tooLate: NodeJS.Timeout;
}

/**
 * Lets only so many sign-ins of one account try at once: as many as may be wrong before it is locked. The others of a
 * service account that signs in fifty times at once wait here instead of asking the database again and again; only so many of
 * one account, and of all: what waits is in flight here and at who asks, where there is room for everybody's requests.
 */
export class AccountGate {
  private readonly inside = new Map<string, number>();
  private readonly waiting = new Map<string, Waiting[]>();
  private waitingInAll = 0;

  constructor(
    private readonly limit: number,
    private readonly longestQueue: number,
    private readonly mostWaiting = 4 * longestQueue,
  ) {}

  /** Call the result, once, to leave. Throws `temporarily_unavailable` when the turn does not come in time, or too many wait. */
  async enter(account: string, call: Call): Promise<() => void> {
    const inside = this.inside.get(account) ?? 0;
    if (inside < this.limit) this.inside.set(account, inside + 1);
    else await this.wait(account, call);
    return () => this.leave(account);
  }

  private wait(account: string, call: Call): Promise<void> {
    const queue = this.waiting.get(account) ?? [];
    if (queue.length >= this.longestQueue || this.waitingInAll >= this.mostWaiting) return Promise.reject(tooBusy());
    return new Promise((resolve, reject) => {
      this.waiting.set(account, queue);
      this.waitingInAll++;
      const giveUp = () => {
        queue.splice(queue.indexOf(waiting), 1);
        this.waitingInAll--;
        reject(tooBusy());
      };
      const waiting: Waiting = { enter: resolve, tooLate: setTimeout(giveUp, timeLeft(call) - MARGIN_MS) };
      queue.push(waiting);
    });
  }

  /** The next one takes the place; without one it is free. */
  private leave(account: string): void {
    const next = this.waiting.get(account)?.shift();
    if (next) {
      clearTimeout(next.tooLate);
      this.waitingInAll--;
      next.enter();
      return;
    }
    this.waiting.delete(account);
    const inside = (this.inside.get(account) ?? 1) - 1;
    if (inside > 0) this.inside.set(account, inside);
    else this.inside.delete(account);
  }
}

/** Waits a little longer each time. Throws `temporarily_unavailable` when there is no time left for it. */
export async function pause(round: number, call: Call): Promise<void> {
  const ms = Math.min(5 * 2 ** round, 80) * (0.75 + Math.random() / 2);
  if (timeLeft(call) - ms < MARGIN_MS) throw tooBusy();
  await new Promise((resolve) => setTimeout(resolve, ms));
}

const tooBusy = () => new ServiceError('temporarily_unavailable', 'too many sign-ins at once', { retryAfter: 1 });
