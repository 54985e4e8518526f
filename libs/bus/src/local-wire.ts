import type { Call } from './call';
import { InFlight } from './in-flight';
import { LostMessage, type Reply, type Responder, type Wire } from './wire';

type Listener = (payload: unknown) => void;
type Ask = (request: unknown, call: Call) => Promise<Reply>;

/** What NATS would make of a message, so that nobody comes to share an object or to rely on a class. */
const overTheWire = (value: unknown): unknown => (value === undefined ? undefined : JSON.parse(JSON.stringify(value)));

/** Connects the services of one process: what NATS is to those of many. */
export class LocalExchange {
  readonly responders = new Map<string, Ask[]>();
  readonly listeners = new Map<string, Set<Listener>>();

  /** A link for one service. */
  wire({ maxInFlight = 1024, drainMs = 5000 } = {}): Wire {
    return new LocalWire(this, new InFlight(maxInFlight), drainMs);
  }
}

class LocalWire implements Wire {
  private readonly undo: (() => void)[] = [];
  private readonly connectionListeners = new Set<(connected: boolean) => void>();
  connected = true;

  constructor(
    private readonly exchange: LocalExchange,
    private readonly inFlight: InFlight,
    private readonly drainMs: number,
  ) {}

  request(subject: string, request: object, call: Call, timeoutMs: number): Promise<Reply> {
    const group = this.exchange.responders.get(subject);
    if (!this.connected) return Promise.reject(new LostMessage(subject, 'closed'));
    const [ask] = group ?? [];
    if (!group || !ask) return Promise.reject(new LostMessage(subject, 'no responder'));
    if (group.length > 1) group.push(...group.splice(0, 1)); // takes turns, as a queue group does
    const sent = overTheWire(request);
    return new Promise<Reply>((resolve, reject) => {
      const timer = setTimeout(() => reject(new LostMessage(subject, 'no answer in time')), timeoutMs);
      const answered = (reply: Reply) => {
        clearTimeout(timer);
        resolve(overTheWire(reply) as Reply);
      };
      setImmediate(() => void ask(sent, { ...call }).then(answered));
    });
  }

  respond(subject: string, _queue: string, responder: Responder): void {
    const ask: Ask = (request, call) => this.inFlight.answer(responder, request, call);
    const group = this.exchange.responders.get(subject) ?? [];
    this.exchange.responders.set(subject, group);
    group.push(ask);
    this.undo.push(() => {
      group.splice(group.indexOf(ask), 1);
    });
  }

  reachable(): Promise<void> {
    return Promise.resolve();
  }

  publish(subject: string, payload: object): void {
    if (!this.connected) return;
    const sent = JSON.stringify(payload);
    for (const listener of this.exchange.listeners.get(subject) ?? []) setImmediate(() => listener(JSON.parse(sent)));
  }

  subscribe(subject: string, listener: Listener): () => void {
    const all = this.exchange.listeners.get(subject) ?? new Set();
    this.exchange.listeners.set(subject, all);
    all.add(listener);
    const stop = () => void all.delete(listener);
    this.undo.push(stop);
    return stop;
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.connectionListeners.add(listener);
    return () => void this.connectionListeners.delete(listener);
  }

  async drain(): Promise<void> {
    this.undo.splice(0).forEach((stop) => stop());
    await this.inFlight.idle(this.drainMs);
  }

  async close(): Promise<void> {
    await this.drain();
    this.connected = false;
    this.connectionListeners.forEach((listener) => listener(false));
  }
}
