import type { IncomingMessage } from 'node:http';
import { Fault } from './fault';

const SWEEP_MS = 1000;
/** Bytes of a body in a second that are enough. */
const ENOUGH = 500;
/** How many more seconds a body may have that are not enough than such that are. */
const BODY_PATIENCE = 20;
/** How many seconds in a row a client may take nothing of an answer. */
const ANSWER_PATIENCE = 60;
/** How many seconds one counts for while others wait for their turn. */
const WHILE_AWAITED = 10;

/** A request that its client may hold up. */
export interface Transfer {
  readonly request: IncomingMessage;
  /** Whether others wait for what it holds. */
  readonly isAwaited: () => boolean;
  readonly giveUp: (fault: Fault) => void;
  /** Bytes of the body that have come. */
  received: number;
  /** The client has not yet taken what it was sent. */
  isFull: boolean;
}

interface Watched {
  before: number;
  slow: number;
  full: number;
}

/** gives up what hangs on its client's sending or taking next to nothing, as it keeps an upstream from others. */
export class SlowClients {
  private readonly watched = new Map<Transfer, Watched>();
  private timer?: NodeJS.Timeout;

  watch(transfer: Transfer): void {
    if (this.watched.has(transfer)) return;
    this.watched.set(transfer, { before: 0, slow: 0, full: 0 });
    this.timer ??= setInterval(() => this.sweep(), SWEEP_MS).unref();
  }

  forget(transfer: Transfer): void {
    this.watched.delete(transfer);
    if (this.watched.size > 0) return;
    clearInterval(this.timer);
    this.timer = undefined;
  }

  private sweep(): void {
    for (const [transfer, state] of this.watched) {
      const seconds = transfer.isAwaited() ? WHILE_AWAITED : 1;
      state.slow = isHeldUp(transfer, state) ? state.slow + seconds : Math.max(0, state.slow - 1);
      state.full = transfer.isFull ? state.full + seconds : 0;
      state.before = transfer.received;
      if (state.slow > BODY_PATIENCE || state.full > ANSWER_PATIENCE) transfer.giveUp(new Fault('slowClient'));
    }
  }
}

/** By its client: what has come and waits for the upstream is not the client's fault. */
function isHeldUp({ request, received }: Transfer, { before }: Watched): boolean {
  const isWaited = !request.complete && !request.isPaused() && request.readableLength === 0;
  return isWaited && received - before < ENOUGH;
}
