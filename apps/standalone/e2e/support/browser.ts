import { deployment, type Answer, type Deployment } from '@keyward/testing';
import { createHash, randomBytes } from 'node:crypto';
import type { TestKey, TestUser } from './operator';

/** Someone at the pages: keeps cookies, follows redirects within Keyward, fills in the one form of a page. */
export class Visitor {
  readonly cookies = new Map<string, string>();

  constructor(
    private readonly language = 'en',
    private readonly at: Deployment = deployment(),
  ) {}

  async get(path: string, headers: Record<string, string> = {}): Promise<Answer> {
    return this.followed(await this.send(path, { headers }));
  }

  /** Posts what a page's form has, and what is typed into it. */
  async submit(page: Answer, typed: Record<string, string>): Promise<Answer> {
    const { action, fields } = formOf(page);
    return this.followed(await this.post(action, { ...fields, ...typed }));
  }

  post(path: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Answer> {
    return this.send(path, { form, headers });
  }

  /** Signs in on a page, and allows what it is then asked for; where it is sent back to. */
  async signIn(page: Answer, { username, password }: Pick<TestUser, 'username' | 'password'>): Promise<Answer> {
    const next = page.text.includes('value="allow"') ? page : await this.submit(page, { username, password });
    return next.status === 200 && next.text.includes('value="allow"') ? this.submit(next, { decision: 'allow' }) : next;
  }

  private async send(path: string, options: { form?: Record<string, string>; headers: Record<string, string> }) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = { 'accept-language': this.language, ...(cookie ? { cookie } : {}), ...options.headers };
    const answer = await this.at.send(path, { ...options, headers });
    for (const set of answer.headers['set-cookie']?.split(/,(?=__Host-)/) ?? []) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      if (value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return answer;
  }

  private async followed(answer: Answer): Promise<Answer> {
    const { location } = answer.headers;
    return location?.startsWith('/') ? this.get(location) : answer;
  }
}

const unescaped = (text: string) => text.replace(/&#(\d+);/g, (_, code: string) => String.fromCharCode(Number(code)));

/** Where the form of a page is posted, and its hidden fields. */
export function formOf({ text, status }: Answer): { action: string; fields: Record<string, string> } {
  const [, action] = /<form[^>]*\saction="([^"]*)"/.exec(text) ?? [];
  if (action === undefined) throw new Error(`no form in ${status} ${text}`);
  const hidden = [...text.matchAll(/<input\s+type="hidden"\s+name="([^"]*)"\s+value="([^"]*)"/g)];
  return {
    action: unescaped(action),
    fields: Object.fromEntries(hidden.map(([, name = '', value = '']) => [name, unescaped(value)])),
  };
}

export const REDIRECT_URI = 'https://app.example/callback';

/** A verifier and its challenge, RFC 7636. */
export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** An authorization request that is in order; `undefined` leaves a parameter out. */
export function authorizationUrl(organization: string | undefined, params: Record<string, string | undefined>): string {
  const base = organization === undefined ? '' : `/t/${organization}`;
  const all = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge_method: 'S256', ...params };
  const present = Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return `${base}/authorize?${new URLSearchParams(present).toString()}`;
}

/** What an answer sends back to the client. */
export function answerOf({ status, headers }: Answer, redirectUri = REDIRECT_URI): Record<string, string> {
  const { location } = headers;
  if (status !== 303 || !location?.startsWith(redirectUri))
    throw new Error(`no answer to the client: ${status} ${location}`);
  return Object.fromEntries(new URL(location).searchParams);
}

/** A code for a user who signs in and agrees, and what it is exchanged with. */
export async function codeFor(
  organization: string,
  { consumerKey }: Pick<TestKey, 'consumerKey'>,
  user: TestUser,
  params: Record<string, string> = {},
  visitor = new Visitor(),
): Promise<{ grant_type: string; code: string; code_verifier: string; redirect_uri: string }> {
  const { verifier, challenge } = pkce();
  const url = authorizationUrl(organization, { client_id: consumerKey, code_challenge: challenge, ...params });
  const first = await visitor.get(url);
  const last = first.status === 200 ? await visitor.signIn(first, user) : first;
  const { redirect_uri = REDIRECT_URI } = params;
  const { code = '' } = answerOf(last, redirect_uri);
  return { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri };
}
