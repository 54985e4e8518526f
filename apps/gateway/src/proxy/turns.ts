import { Fault } from './fault';

/** How long a request waits for its turn, milliseconds. */
const PATIENCE_MS = 1000;
/** How many times an API's requests an organization may have. */
const APIS_OF_AN_ORGANIZATION = 4;

/** Whose turn it is. */
export interface Lane {
  /** Of an API at one of its upstreams. */
  readonly lane: string;
  readonly organizationId: string;
}

interface Running {
  count: number;
  /** In the order in which they came. */
  waiting?: Set<() => void>;
}

/**
 * Lets an API have so many requests at an upstream at once and as many that wait, and an organization a few times as many: what
 * hangs or is overrun is felt by its own callers, soon, and by nobody else whose upstream has the same origin (abuse 48).
 */
export class Turns {
  private readonly lanes = new Map<string, Running>();
  private readonly organizations = new Map<string, number>();

  constructor(private readonly most: number) {}

  /** Begins a request; `undefined` when it need not wait. Throws, or rejects with, the fault of what is too much. */
  take({ lane, organizationId }: Lane): Promise<void> | undefined {
    const running = this.lanes.get(lane);
    if (running && running.count >= this.most) return this.wait(running);
    const ofOrganization = this.organizations.get(organizationId) ?? 0;
    if (ofOrganization >= this.most * APIS_OF_AN_ORGANIZATION) throw new Fault('congested');
    this.organizations.set(organizationId, ofOrganization + 1);
    if (running) running.count++;
    else this.lanes.set(lane, { count: 1 });
    return undefined;
  }

  /** Ends a request that had its turn: it is that of the next one. */
  leave({ lane, organizationId }: Lane): void {
    const running = this.lanes.get(lane);
    if (!running) return;
    const next = running.waiting?.values().next().value;
    if (next) {
      running.waiting?.delete(next);
      next();
      return;
    }
    const ofOrganization = (this.organizations.get(organizationId) ?? 0) - 1;
    if (ofOrganization > 0) this.organizations.set(organizationId, ofOrganization);
    else this.organizations.delete(organizationId);
    if (--running.count === 0) this.lanes.delete(lane);
  }

  /** Whether others wait for the turn of what is running. */
  isAwaited({ lane }: Lane): boolean {
    return (this.lanes.get(lane)?.waiting?.size ?? 0) > 0;
  }

  private wait(running: Running): Promise<void> {
    const waiting = (running.waiting ??= new Set());
    if (waiting.size >= this.most) throw new Fault('congested');
    return new Promise((resolve, reject) => {
      const begin = () => {
        clearTimeout(timer);
        resolve();
      };
      const timer = setTimeout(() => {
        waiting.delete(begin);
        reject(new Fault('congested'));
      }, PATIENCE_MS);
      waiting.add(begin);
    });
  }
}
