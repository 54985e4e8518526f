import { ServiceError } from '@keyward/contracts';
import { OutboundError, type Outbound, type OutboundAnswer } from '@keyward/runtime';
import { KeptSignIn, type SignIn } from './vault-sign-in';
import type { KeyEncryption, WrappedKey } from './key-encryption';

/** A transit key of a Vault or OpenBao server, and how to sign in there. */
export interface TransitKey {
  /** `https://vault:8200` */
  url: string;
  /** Where the transit engine is mounted. */
  mount: string;
  /** The name of the key. */
  key: string;
  namespace?: string;
  signIn: SignIn;
}

/** Requests at once: one after another would be slow, all at once would burden it. */
const AT_ONCE = 16;
/** Statuses of a Vault that may do it later: standing by, replicating or not up to date; as 5xx and, of a token, 403. */
const LATER = [403, 412, 429, 472, 473];
const CIPHERTEXT = /^vault:v(\d+):/;

/**
 * The key-encryption key in the transit engine of Vault or OpenBao, which never gives it away: data keys go there to be wrapped and
 * unwrapped. Throws `temporarily_unavailable` while it is away, sealed or lets nobody in.
 */
export class VaultTransit implements KeyEncryption {
  private readonly signIn: KeptSignIn;
  /** With the key's version, so that after a rotation in Vault everything can be sealed under the newest. */
  private readonly name: string;
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(
    private readonly transit: TransitKey,
    private readonly outbound: Outbound,
    now: () => number = Date.now,
  ) {
    this.name = `vault:${transit.mount}/${transit.key}:v`;
    this.signIn = new KeptSignIn(transit.signIn, (path, body) => this.send(path, body), now);
  }

  async wrap(key: Buffer, context: string): Promise<WrappedKey> {
    const { ciphertext } = await this.ask('encrypt', { plaintext: key.toString('base64'), ...bound(context) });
    const [, version] = CIPHERTEXT.exec(ciphertext ?? '') ?? [];
    if (!ciphertext || !version) throw new Error('Vault answered no ciphertext');
    return { kekId: this.name + version, wrappedKey: Buffer.from(ciphertext) };
  }

  holds(kekId: string): boolean {
    return kekId.startsWith(this.name);
  }

  async unwrap({ wrappedKey }: WrappedKey, context: string): Promise<Buffer> {
    const { plaintext } = await this.ask('decrypt', { ciphertext: wrappedKey.toString(), ...bound(context) });
    if (!plaintext) throw new Error('Vault answered no plaintext');
    return Buffer.from(plaintext, 'base64');
  }

  /** One operation of the transit engine; once more with a new token where the one that is kept is not taken any more. */
  private async ask(operation: 'encrypt' | 'decrypt', body: object): Promise<Record<string, string | undefined>> {
    const { mount, key } = this.transit;
    const path = `${mount}/${operation}/${encodeURIComponent(key)}`;
    let answer = await this.send(path, body, await this.signIn.token());
    if (answer.status === 403 && this.signIn.forget()) answer = await this.send(path, body, await this.signIn.token());
    if (answer.status === 200) return dataOf(answer);
    if (LATER.includes(answer.status) || answer.status >= 500)
      throw away(`${operation}: ${answer.status} ${errorsOf(answer)}`);
    throw new Error(`Vault refused to ${operation}: ${answer.status} ${errorsOf(answer)}`);
  }

  private async send(path: string, body: object, token?: string): Promise<OutboundAnswer> {
    const { url, namespace } = this.transit;
    if (this.running >= AT_ONCE) await new Promise<void>((resolve) => this.waiting.push(resolve));
    this.running++;
    try {
      return await this.outbound.send(`${url}/v1/${path}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          // A Vault Agent or Proxy between may take no others.
          'x-vault-request': 'true',
          ...(token && { 'x-vault-token': token }),
          ...(namespace && { 'x-vault-namespace': namespace }),
        },
        body: JSON.stringify(body),
      });
    } catch (error) {
      if (error instanceof OutboundError)
        throw away(error.cause instanceof Error ? error.cause.message : error.message);
      throw error;
    } finally {
      this.running--;
      this.waiting.shift()?.();
    }
  }
}

/** What AES-GCM of the transit engine authenticates beside the ciphertext. */
const bound = (context: string) => ({ associated_data: Buffer.from(context).toString('base64') });

const away = (detail: string): ServiceError =>
  new ServiceError('temporarily_unavailable', undefined, { retryAfter: 5, detail: `Vault: ${detail}` });

const dataOf = ({ body }: OutboundAnswer): Record<string, string | undefined> =>
  (JSON.parse(body.toString()) as { data: Record<string, string | undefined> }).data;

function errorsOf({ body }: OutboundAnswer): string {
  try {
    return (JSON.parse(body.toString()) as { errors: string[] }).errors.join(', ');
  } catch {
    return '';
  }
}
