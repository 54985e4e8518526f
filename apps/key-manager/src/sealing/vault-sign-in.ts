import { readFile } from 'node:fs/promises';
import { ServiceError } from '@keyward/contracts';
import type { OutboundAnswer } from '@keyward/runtime';

/** How to get in: with a token as it is, by AppRole, or as a service account of Kubernetes. */
export type SignIn =
  | { by: 'token'; token: string }
  | { by: 'approle'; roleId: string; secretId: string }
  | { by: 'kubernetes'; role: string; tokenFile: string };

type Send = (path: string, body: object) => Promise<OutboundAnswer>;

/** Of a token's lease, how much is used before another is got. */
const USED = 0.8;

interface Kept {
  token: string;
  /** Unix milliseconds. */
  until: number;
}

/** A token of Vault, got when it is needed and kept for as long as it lives. */
export class KeptSignIn {
  private kept?: Promise<Kept>;

  constructor(
    private readonly signIn: SignIn,
    private readonly send: Send,
    private readonly now: () => number,
  ) {}

  async token(): Promise<string> {
    if (this.signIn.by === 'token') return this.signIn.token;
    const kept = await this.keep();
    if (kept.until > this.now()) return kept.token;
    this.kept = undefined;
    return (await this.keep()).token;
  }

  /** Whether another token may do better. */
  forget(): boolean {
    this.kept = undefined;
    return this.signIn.by !== 'token';
  }

  private keep(): Promise<Kept> {
    if (this.kept) return this.kept;
    const kept = this.login();
    this.kept = kept;
    kept.catch(() => (this.kept === kept ? (this.kept = undefined) : undefined));
    return kept;
  }

  private async login(): Promise<Kept> {
    const [path, body] = await this.credentials();
    const answer = await this.send(`auth/${path}/login`, body);
    if (answer.status !== 200)
      throw new ServiceError('temporarily_unavailable', undefined, {
        retryAfter: 5,
        detail: `Vault: sign-in by ${path}: ${answer.status}`,
      });
    const { auth } = JSON.parse(answer.body.toString()) as { auth: { client_token: string; lease_duration: number } };
    // A lease of 0 does not end.
    const until = auth.lease_duration === 0 ? Infinity : this.now() + auth.lease_duration * 1000 * USED;
    return { token: auth.client_token, until };
  }

  private async credentials(): Promise<[string, object]> {
    const { signIn } = this;
    if (signIn.by === 'approle') return ['approle', { role_id: signIn.roleId, secret_id: signIn.secretId }];
    if (signIn.by === 'kubernetes')
      // Kubernetes writes a new one now and then.
      return ['kubernetes', { role: signIn.role, jwt: (await readFile(signIn.tokenFile, 'utf8')).trim() }];
    throw new Error('a token needs no sign-in');
  }
}
