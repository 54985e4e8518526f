import { deployment, type Answer, type SendOptions } from '@keyward/testing';
import { randomBytes } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';

const keyward = deployment();

/** A name that no other spec and no earlier run has. */
export const unique = (prefix: string): string => `${prefix}-${randomBytes(5).toString('hex')}`;

let signedIn: Promise<string> | undefined;

/** The operator's token for the management API; signs in once. */
export const operator = (): Promise<string> => (signedIn ??= signIn());

async function signIn(): Promise<string> {
  const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
  const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
  const { status, body, text } = await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] });
  if (status !== 200) throw new Error(`The operator got no token: ${text}`);
  return body.access_token as string;
}

/** A request to the management API by the operator; the path begins after `/organizations`. Throws when it is refused. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into whatever came
export async function manage(method: SendOptions['method'], path: string, json?: object): Promise<any> {
  const bearer = await operator();
  const { status, body, text } = await keyward.send(`/api/v1/organizations${path}`, { method, bearer, json });
  if (status >= 300) throw new Error(`${method ?? 'GET'} ${path}: ${status} ${text}`);
  return body;
}

/** Makes an organization, and waits until the gateway has heard of it; its key. */
export async function makeOrganization(key = unique('org')): Promise<string> {
  await manage('POST', '', { key });
  await eventually(async () => (await keyward.send(`/t/${key}/jwks`)).status === 200);
  return key;
}

/** A user who can sign in. */
export interface TestUser {
  id: string;
  username: string;
  /** With the organization's key. */
  loginName: string;
  password: string;
}

/** Makes a user with a generated password. */
export async function makeUser(organization: string, username = unique('user')): Promise<TestUser> {
  const { user, password } = await manage('POST', `/${organization}/users`, { username });
  return { id: user.id, username, loginName: `${username}@${organization}`, password };
}

/** What a key is made with; absent settings are the product's own defaults. */
export interface KeyOptions {
  kind?: 'production' | 'sandbox';
  grantTypes?: string[];
  tokenType?: 'jwt' | 'opaque';
  public?: boolean;
  tokenEndpointAuthMethod?: string;
  tokenBinding?: string;
  jwks?: object;
  jwksUri?: string;
  allowedOrigins?: string[];
  rotateRefreshTokens?: boolean;
  accessTokenPolicy?: 'new' | 'reuse' | 'single';
  accessTokenLifetime?: number;
  refreshTokenLifetime?: number;
  passwordGrantSunset?: string;
  applicationType?: 'web' | 'native';
  redirectUris?: string[];
  postLogoutRedirectUris?: string[];
  backchannelLogoutUri?: string | null;
  idTokenSignedResponseAlg?: 'RS256' | 'ES256';
  userinfoSignedResponseAlg?: 'RS256' | 'ES256' | null;
  subjectType?: 'public' | 'pairwise';
  sectorIdentifierUri?: string | null;
  requirePushedAuthorizationRequests?: boolean;
  trusted?: boolean;
  mayAct?: string | null;
  consumerKey?: string;
  consumerSecret?: string;
  /** Of the application that is made for it: a new name, when absent. */
  name?: string;
  multiOrganization?: boolean;
  strictScopes?: boolean;
}

/** A consumer key of an application of its own. */
export interface TestKey {
  application: string;
  consumerKey: string;
  /** Empty for a public client. */
  consumerSecret: string;
  basic: [string, string];
  /** `POST /token` as this client. */
  token: (form: Record<string, string>) => Promise<Answer>;
  /** The password grant. */
  signIn: (user: Pick<TestUser, 'loginName' | 'password'>, extra?: Record<string, string>) => Promise<Answer>;
}

/** Makes an application with a key pair. */
export async function makeKey(organization: string, options: KeyOptions = {}): Promise<TestKey> {
  const {
    name: application = unique('app'),
    multiOrganization,
    strictScopes,
    kind = 'production',
    ...settings
  } = options;
  await manage('POST', `/${organization}/applications`, { name: application, multiOrganization, strictScopes });
  const path = `/${organization}/applications/${application}/keys`;
  const { key, consumerSecret = '' } = await manage('POST', path, { kind, ...settings });
  const consumerKey = key.consumerKey as string;
  const basic: [string, string] = [consumerKey, consumerSecret];
  const token = (form: Record<string, string>) => keyward.send('/token', { form, basic });
  return {
    application,
    consumerKey,
    consumerSecret,
    basic,
    token,
    signIn: ({ loginName, password }, extra = {}) =>
      token({ grant_type: 'password', username: loginName, password, ...extra }),
  };
}

/** Waits for what a change brings about; throws after twenty seconds. */
export async function eventually(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 20_000;
  // Less often the longer it takes: asking is work for those that are to bring it about.
  for (let wait = 10; !(await holds()); wait = Math.min(wait * 1.5, 150)) {
    if (Date.now() > end) throw new Error('It did not come true.');
    await pause(wait);
  }
}
