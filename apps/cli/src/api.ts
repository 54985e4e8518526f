import { MANAGEMENT_SCOPE, type Page, type TokenResponse } from '@keyward/contracts';
import { type Dispatcher } from 'undici';
import { CommandError } from './command-error';
import { type Operator, type Server } from './connection';
import { type Answer, Http } from './http';

/** A path of the management API below /api/v1/, its values encoded. */
export const path = (parts: TemplateStringsArray, ...values: string[]): string =>
  '/api/v1/' + parts.map((part, i) => part + encodeURIComponent(values[i] ?? '')).join('');

/** Gives a token of somebody who has signed in. */
export type TokenSource = (http: Http) => Promise<string>;

/** The management API as its caller sees it; an operator with a password signs in at the first request. */
export class Api {
  readonly http: Http;
  private token?: Promise<string>;

  constructor(
    server: Server,
    readonly operator: Operator,
    private readonly signedIn?: TokenSource,
  ) {
    this.http = new Http(server);
  }

  get<T>(url: string): Promise<T> {
    return this.call<T>('GET', url);
  }

  /** Every page of a list, in order. */
  async list<T>(url: string, only: Record<string, string> = {}): Promise<T[]> {
    const items: T[] = [];
    let after: string | undefined;
    do {
      const query = new URLSearchParams({ ...only, limit: '200', ...(after === undefined ? {} : { after }) });
      const page: Page<T> = await this.get(`${url}?${query.toString()}`);
      items.push(...page.items);
      after = page.next;
    } while (after !== undefined);
    return items;
  }

  post<T>(url: string, body: object = {}): Promise<T> {
    return this.call<T>('POST', url, body);
  }

  patch<T>(url: string, body: object): Promise<T> {
    return this.call<T>('PATCH', url, body);
  }

  put<T>(url: string, body: object): Promise<T> {
    return this.call<T>('PUT', url, body);
  }

  async delete(url: string): Promise<void> {
    await this.call('DELETE', url);
  }

  close(): Promise<void> {
    return this.http.close();
  }

  private async call<T>(method: Dispatcher.HttpMethod, url: string, body?: object): Promise<T> {
    const token = await (this.token ??= this.signedIn?.(this.http) ?? this.signIn());
    const answer = await this.http.send(method, url, {
      headers: {
        authorization: `Bearer ${token}`,
        ...(body ? { 'content-type': 'application/json' } : {}),
      },
      body: body && JSON.stringify(body),
    });
    if (answer.status >= 300) throw new ApiError(answer);
    return answer.body as T;
  }

  private async signIn(): Promise<string> {
    const { username, password, consumerKey, consumerSecret } = this.operator;
    if (!password || !consumerSecret)
      throw new CommandError(
        `Who are you? Sign in with keyward login, or set KEYWARD_ADMIN_PASSWORD and KEYWARD_CLI_SECRET for ` +
          `${this.http.server.url}, or name the home of a running npm start with KEYWARD_HOME.`,
      );
    const form = { grant_type: 'password', username, password, scope: MANAGEMENT_SCOPE };
    const answer = await this.http.form('/token', form, consumerKey, consumerSecret);
    if (answer.status !== 200) {
      const isRefused = answer.status === 400 || answer.status === 401;
      throw new (isRefused ? SignInRefused : CommandError)(signInFailure(answer, username));
    }
    const { access_token, scope } = answer.body as TokenResponse;
    if (!scope.split(' ').includes(MANAGEMENT_SCOPE))
      throw new SignInRefused(`${username} may not manage this server: it needs the role operator in root.`);
    return access_token;
  }
}

/** Whoever it was may not sign in, with that password or at all. */
export class SignInRefused extends CommandError {}

/** A refusal of the management API; `code` is the problem's. */
export class ApiError extends CommandError {
  readonly code: string;

  constructor(answer: Answer) {
    const { code, detail, title } = (answer.body ?? {}) as Partial<Record<'code' | 'detail' | 'title', string>>;
    const said = detail ?? title ?? `The server answered ${answer.status}`;
    super(`${sentence(said)}${advice(answer, said)}`);
    this.code = code ?? 'server_error';
  }
}

const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1).replace(/\.?$/, '.');

/** Of the refusals 409, those of what is there already; others are of too many, or of what is in use, and say so themselves. */
const IS_THERE = /\b(is taken|there is a|has (an application|this))\b/;

function advice({ status, retryAfter }: Answer, said = ''): string {
  if (status === 403)
    return ' Your roles do not allow it: operators of root may do everything, others what is their own.';
  if (status === 404) return ' See what there is with the list command.';
  if (status === 409 && IS_THERE.test(said)) return ' Choose another name, or show or update the one there is.';
  if (status === 429 || status === 503) return ` Try again in ${retryAfter ?? 'a few'} seconds.`;
  if (status >= 500) return ' The log of the server says why.';
  return '';
}

function signInFailure(answer: Answer, username: string): string {
  const { error, error_description } = (answer.body ?? {}) as { error?: string; error_description?: string };
  const said = sentence(error_description ?? error ?? `the server answered ${answer.status}`);
  if (error === 'invalid_client')
    return `${said} Check KEYWARD_CLI_SECRET, the secret of the consumer key keyward-cli.`;
  if (error === 'invalid_grant')
    return `${said} Check KEYWARD_ADMIN_USERNAME (${username}) and KEYWARD_ADMIN_PASSWORD.`;
  return `${said}${advice(answer)}`;
}
