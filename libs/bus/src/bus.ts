import { isErrorCode, isReason, ServiceError, type EventMessage, type Rpc } from '@keyward/contracts';
import { timeLeft, type Call } from './call';
import { LostMessage, type Reply, type Wire } from './wire';

/** Sends typed messages; the only thing a service knows of the wire. */
export class Bus {
  constructor(private readonly wire: Wire) {}

  /**
   * Asks the owner of a message. Throws the `ServiceError` it answers with, or `temporarily_unavailable` when nobody
   * answers before the call's deadline. A lost message that is repeatable is sent once more.
   */
  async call<Req extends object, Res extends object>(message: Rpc<Req, Res>, request: Req, call: Call): Promise<Res> {
    const reply = await this.ask(message, request, call);
    // A process that hung hears of an answer before its timers do: whoever asked has gone on, and nothing may be done after it.
    if (timeLeft(call) === 0) throw lost('answered too late');
    if ('ok' in reply) return reply.ok as Res;
    const { code, description, retryAfter, reason, dpopNonce } = reply.error;
    throw new ServiceError(isErrorCode(code) ? code : 'server_error', description, {
      retryAfter,
      reason: isReason(reason) ? reason : undefined,
      dpopNonce: typeof dpopNonce === 'string' ? dpopNonce : undefined,
    });
  }

  private async ask(message: Rpc<object, object>, request: object, call: Call): Promise<Reply> {
    const { subject, repeatable } = message;
    try {
      if (!repeatable) return await this.wire.request(subject, request, call, timeLeft(call));
      try {
        return await this.wire.request(subject, request, call, timeLeft(call) / 2);
      } catch (error) {
        if (!(error instanceof LostMessage)) throw error;
        return await this.wire.request(subject, request, call, timeLeft(call));
      }
    } catch (error) {
      if (!(error instanceof LostMessage)) throw error;
      throw lost(error.message);
    }
  }

  publish<Payload extends object>(event: EventMessage<Payload>, payload: Payload): void {
    this.wire.publish(event.subject, payload);
  }

  /** Hears an event; call the result to stop. */
  subscribe<Payload extends object>(event: EventMessage<Payload>, listener: (payload: Payload) => void): () => void {
    return this.wire.subscribe(event.subject, listener as (payload: unknown) => void);
  }

  get connected(): boolean {
    return this.wire.connected;
  }

  /** Hears when the connection is lost and when it is back; call the result to stop. */
  onConnection(listener: (connected: boolean) => void): () => void {
    return this.wire.onConnection(listener);
  }
}

const lost = (detail: string) => new ServiceError('temporarily_unavailable', undefined, { detail, retryAfter: 1 });
