import { Catch, type LoggerService, type RpcExceptionFilter } from '@nestjs/common';
import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { ServiceError, type WireError } from '@keyward/contracts';
import { isObservable, lastValueFrom, throwError } from 'rxjs';
import { traceId, type Call } from './call';
import type { Reply, Wire } from './wire';

/** Lets Nest's handlers answer on a wire. The only place where an error leaves a service. */
export class BusServer extends Server implements CustomTransportStrategy {
  private closed = false;

  constructor(
    private readonly wire: Wire,
    private readonly queue: string,
    private readonly log: LoggerService,
  ) {
    super();
  }

  listen(done: () => void): void {
    for (const [subject, handler] of this.closed ? [] : this.getHandlers())
      this.wire.respond(subject, this.queue, (request, call) => this.answer(subject, handler, request, call));
    void this.wire.reachable().then(done);
  }

  private async answer(subject: string, handler: MessageHandler, request: unknown, call: Call): Promise<Reply> {
    try {
      const result: unknown = await handler(request, call);
      return { ok: (isObservable(result) ? await lastValueFrom(result) : result) ?? null };
    } catch (error) {
      return { error: this.toWire(error, subject, call) };
    }
  }

  /** Code and description go on the wire, everything else into the log. */
  private toWire(error: unknown, subject: string, call: Call): WireError {
    const trace = traceId(call);
    if (!(error instanceof ServiceError)) {
      this.log.error({ message: 'unexpected failure', subject, trace, error });
      return { code: 'server_error' };
    }
    const { code, description, retryAfter, detail, reason, dpopNonce } = error;
    if (detail !== undefined) this.log.warn({ message: 'refused', subject, trace, code, detail });
    return { code, description, retryAfter, reason, dpopNonce };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.wire.drain();
  }

  on(): never {
    throw new Error('ask the wire: onConnection');
  }

  unwrap(): never {
    throw new Error('a wire is not a connection of one kind');
  }
}

/** Keeps Nest from replacing errors by its own: BusServer turns them into what goes on the wire. */
@Catch()
export class PassOn implements RpcExceptionFilter {
  catch(error: unknown) {
    return throwError(() => error);
  }
}
