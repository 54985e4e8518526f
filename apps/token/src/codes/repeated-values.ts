import type { Client } from '@keyward/contracts';

/** Clients that are remembered; what comes beyond them takes the place of the oldest. */
const REMEMBERED = 5000;

/** What a client sent for a sign-in that must never be the same for two (RFC 7636 §7.1, OpenID Connect Core 1.0 §15.5.2). */
export interface Sent {
  client: Pick<Client, 'clientId'>;
  session: { id: string };
  challenge?: string;
  nonce?: string;
}

/**
 * Notices clients whose code_challenge or nonce is a constant, which then protects nobody (RFC 9700 §2.1.1, PK-08). A request that
 * is sent once more by the same browser is none of those.
 */
export class RepeatedValues {
  private readonly last = new Map<
    string,
    { session: string; sent: Pick<Sent, 'challenge' | 'nonce'>; told: boolean }
  >();

  /** `tell` gets each client once, and what it repeats. */
  constructor(private readonly tell: (clientId: string, what: 'code_challenge' | 'nonce') => void) {}

  note({ client: { clientId }, session: { id: session }, challenge, nonce }: Sent): void {
    const before = this.last.get(clientId);
    const isOther = before !== undefined && before.session !== session;
    const repeats = (name: 'challenge' | 'nonce', value: string | undefined) =>
      isOther && value !== undefined && before.sent[name] === value;
    const what = repeats('challenge', challenge) ? 'code_challenge' : repeats('nonce', nonce) ? 'nonce' : undefined;
    if (what && !before?.told) this.tell(clientId, what);
    this.last.delete(clientId);
    this.last.set(clientId, { session, sent: { challenge, nonce }, told: before?.told === true || what !== undefined });
    const [oldest] = this.last.keys();
    if (this.last.size > REMEMBERED && oldest !== undefined) this.last.delete(oldest);
  }
}
