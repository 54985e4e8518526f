import { Events, type Msg, type NatsConnection, type Subscription } from 'nats';
import { startCall, type Call } from './call';
import { InFlight } from './in-flight';
import { connectToNats, type NatsOptions } from './nats-connection';
import { NatsInbox } from './nats-inbox';
import { Transit } from './transit';
import { LostMessage, type Reply, type Responder, type Wire } from './wire';

/** How a participant takes part. */
export interface WireOptions extends NatsOptions {
  /** Requests worked on at once; more are refused. */
  maxInFlight?: number;
  /** How long `drain` waits for requests in flight. */
  drainMs?: number;
}

/** A request as it travels: `left` is what is left of its time, `sent` when, milliseconds of the sender's `performance.now()`. */
interface Envelope {
  left: number;
  sent: number;
  traceparent: string;
  body: unknown;
}

/** Answers are read at this and the name of who asks; nats.conf gives each name its own. */
const INBOX = '_INBOX_';

/** Each connection has an inbox of its own for all its answers. */
const senderOf = ({ reply = '' }: Msg): string => reply.slice(0, reply.lastIndexOf('.'));

const encode = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value));
const decode = (data: Uint8Array): unknown =>
  JSON.parse(Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString());

/** `undefined` for what is no object in JSON: anyone with a password of NATS can send that. */
function readable(data: Uint8Array): object | undefined {
  try {
    const value = decode(data);
    return typeof value === 'object' && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

/** No call of ours lasts longer, whatever a message claims. */
const LONGEST_MS = 60_000;
const TOO_LARGE: Reply = { error: { code: 'server_error', description: 'the answer is too large' } };

/** Connects to NATS as `connectToNats` does. */
export async function openWire(options: WireOptions): Promise<Wire> {
  const connection = await connectToNats(options);
  const inbox = new NatsInbox(connection, INBOX + options.name);
  return new NatsWire(connection, inbox, new InFlight(options.maxInFlight ?? 1024), options.drainMs ?? 5000);
}

class NatsWire implements Wire {
  private readonly subscriptions: Subscription[] = [];
  private readonly connectionListeners = new Set<(connected: boolean) => void>();
  private readonly transit = new Transit();
  private turning?: Promise<void>;
  connected = true;

  constructor(
    private readonly connection: NatsConnection,
    private readonly inbox: NatsInbox,
    private readonly inFlight: InFlight,
    private readonly drainMs: number,
  ) {
    void this.watch();
  }

  async request(subject: string, body: object, { traceparent, deadline }: Call, timeoutMs: number): Promise<Reply> {
    await this.turn();
    // The client would hold the request back until the server returns: the caller has no time for that.
    if (!this.connected) throw new LostMessage(subject, 'not connected');
    if (timeoutMs <= 0) throw new LostMessage(subject, 'no time left');
    const left = Math.min(timeoutMs, deadline - Date.now());
    const envelope: Envelope = { left, sent: performance.now(), traceparent, body };
    let answer: Msg;
    try {
      answer = await this.inbox.request(subject, encode(envelope), timeoutMs);
    } catch (error) {
      throw new LostMessage(subject, error instanceof Error ? error.message : String(error));
    }
    return decode(answer.data) as Reply;
  }

  respond(subject: string, queue: string, responder: Responder): void {
    const callback = (error: Error | null, message: Msg) => {
      // We may write wherever we are asked to answer, and who asks may not: nobody gets us to send a request of theirs.
      if (!error && message.reply?.startsWith(INBOX)) void this.answer(responder, message);
    };
    this.subscriptions.push(this.connection.subscribe(subject, { queue, callback }));
  }

  private async answer(responder: Responder, message: Msg): Promise<void> {
    const { left, sent, traceparent, body } = (readable(message.data) ?? {}) as Partial<Envelope>;
    if (typeof left !== 'number' || typeof sent !== 'number') return; // nobody of ours, and nobody waits for an answer
    // What was held up until nobody waited for it, by NATS or while this process hung, must not be done any more: whoever
    // asked has gone on, and a refresh token that comes after its successor was used ends its family.
    const heldUp = this.transit.heldUp(senderOf(message), sent, performance.now());
    const call = startCall(Math.min(left, LONGEST_MS) - heldUp, traceparent);
    const reply = await this.inFlight.answer(responder, body, call);
    await this.turn();
    if (this.connection.isClosed()) return;
    const data = encode(reply);
    const fits = data.length <= (this.connection.info?.max_payload ?? Infinity);
    message.respond(fits ? data : encode(TOO_LARGE));
  }

  /** The server answers in order. One that goes away now hears of them when it is back. */
  async reachable(): Promise<void> {
    await this.connection.flush().catch(() => undefined);
  }

  publish(subject: string, payload: object): void {
    if (this.connected) this.connection.publish(subject, encode(payload));
  }

  subscribe(subject: string, listener: (payload: unknown) => void): () => void {
    const callback = (error: Error | null, message: Msg) => {
      const payload = error ? undefined : readable(message.data);
      // Apart from the client's reading loop, which an error of the listener would end for good and in silence.
      if (payload) queueMicrotask(() => listener(payload));
    };
    const subscription = this.connection.subscribe(subject, { callback });
    return () => subscription.unsubscribe();
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.connectionListeners.add(listener);
    return () => void this.connectionListeners.delete(listener);
  }

  async drain(): Promise<void> {
    // The server stops routing to us, what it has sent already is still answered.
    const stopped = this.connected ? Promise.all(this.subscriptions.splice(0).map((one) => one.drain())) : undefined;
    await Promise.race([stopped, after(this.drainMs)]);
    await this.inFlight.idle(this.drainMs);
    await this.turn(); // in which the last answers leave
  }

  async close(): Promise<void> {
    await this.drain();
    if (this.connected) await Promise.race([this.connection.drain(), after(1000)]);
    await this.connection.close();
    this.inbox.close();
  }

  private async watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type === Events.Disconnect) this.report(false);
      if (type === Events.Reconnect) this.report(true);
    }
    this.report(false);
  }

  /**
   * The end of this turn of the event loop: what is sent then leaves in one write to the socket, and a write costs more
   * than all else about a message.
   */
  private turn(): Promise<void> {
    this.turning ??= new Promise((resolve) =>
      setImmediate(() => {
        this.turning = undefined;
        resolve();
      }),
    );
    return this.turning;
  }

  private report(connected: boolean): void {
    if (connected === this.connected) return; // The client tells of every attempt, and of its success once for each.
    this.connected = connected;
    this.connectionListeners.forEach((listener) => listener(connected));
  }
}

const after = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms).unref());
