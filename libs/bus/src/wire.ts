import type { WireError } from '@keyward/contracts';
import type { Call } from './call';

/** What comes back for a request. */
export type Reply = { ok: unknown } | { error: WireError };

/** Answers one request. It never rejects: a failure is a reply too. */
export type Responder = (request: unknown, call: Call) => Promise<Reply>;

/** Nobody answered: there is no responder, the connection is gone, or the time is over. */
export class LostMessage extends Error {
  constructor(subject: string, reason: string) {
    super(`${subject}: ${reason}`);
    this.name = 'LostMessage';
  }
}

/** One participant's link to the others. Two implementations, NATS and in-process, held to one test suite. */
export interface Wire {
  /** Sends to one of the responders. Throws `LostMessage` after `timeoutMs` at the latest. */
  request(subject: string, request: object, call: Call, timeoutMs: number): Promise<Reply>;
  /** Answers a subject, sharing it with every other responder of the same queue group. */
  respond(subject: string, queue: string, responder: Responder): void;
  /** Resolves when the responders there are can be reached by everyone. */
  reachable(): Promise<void>;
  /** Tells everyone who listens, at most once, nobody if the connection is gone. */
  publish(subject: string, payload: object): void;
  /** Hears what is published; call the result to stop. */
  subscribe(subject: string, listener: (payload: unknown) => void): () => void;
  readonly connected: boolean;
  /** Hears when the connection is lost and when it is back; call the result to stop. */
  onConnection(listener: (connected: boolean) => void): () => void;
  /** Takes no more requests and resolves when those in flight are answered. */
  drain(): Promise<void>;
  /** Drains, then disconnects. */
  close(): Promise<void>;
}
