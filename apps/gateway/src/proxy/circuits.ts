import { Fault } from './fault';

/** Failed connections in a row after which an upstream is left alone. */
const FAILURES = 10;
/** For how long, milliseconds; then one request tries again. */
const SUSPENDED_MS = 2000;

/** Upstreams that cannot be reached, by origin: nobody waits for them, and they can come up undisturbed. */
export class Circuits {
  private readonly failing = new Map<string, { failures: number; until: number }>();

  /** Throws while an upstream is left alone. */
  enter(origin: string): void {
    const state = this.failing.get(origin);
    if (!state || state.failures < FAILURES) return;
    if (state.until > Date.now()) throw new Fault('suspended');
    state.until = Date.now() + SUSPENDED_MS;
  }

  /** Hears how it went: `undefined` is an answer, whatever it says. */
  left(origin: string, fault: Fault | undefined): void {
    if (fault?.name !== 'connectionFailed' && fault?.name !== 'connectTimedOut') {
      if (this.failing.size > 0 && !fault) this.failing.delete(origin);
      return;
    }
    const state = this.failing.get(origin) ?? { failures: 0, until: 0 };
    this.failing.set(origin, { failures: state.failures + 1, until: Date.now() + SUSPENDED_MS });
  }
}
