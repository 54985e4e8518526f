import { createInbox, type Msg, type NatsConnection } from 'nats';

/**
 * The answers to all that one participant asks, through one subscription. The client's own `request` makes an error with
 * its stack for every request that goes well, which is a tenth of what a token costs its service.
 */
export class NatsInbox {
  private readonly subject: string;
  private readonly waiting = new Map<string, (answer?: Msg) => void>();
  private asked = 0;

  constructor(
    private readonly connection: NatsConnection,
    prefix: string,
  ) {
    this.subject = `${createInbox(prefix)}.`;
    const callback = (error: Error | null, answer: Msg) => {
      if (!error) this.waiting.get(answer.subject.slice(this.subject.length))?.(answer);
    };
    connection.subscribe(`${this.subject}*`, { callback });
  }

  /** Rejects when nobody listens to `subject`, time is over, or the connection is closed. */
  request(subject: string, data: Uint8Array, timeoutMs: number): Promise<Msg> {
    const token = String(this.asked++);
    this.connection.publish(subject, data, { reply: this.subject + token });
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.waiting.get(token)?.(), timeoutMs);
      this.waiting.set(token, (answer) => {
        clearTimeout(timer);
        this.waiting.delete(token);
        if (!answer) reject(new Error('no answer in time'));
        // The server's own answer where nobody listens: no data, and this status.
        else if (answer.data.length === 0 && answer.headers?.code === 503) reject(new Error('no responder'));
        else resolve(answer);
      });
    });
  }

  /** Nothing more is heard. */
  close(): void {
    this.waiting.forEach((settle) => settle());
  }
}
