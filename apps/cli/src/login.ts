import {
  ADMIN_SCOPE,
  LOGIN_CONSUMER_KEY,
  MANAGEMENT_SCOPE,
  PUBLISHER_SCOPE,
  type DeviceAuthorization,
  type TokenResponse,
} from '@keyward/contracts';
import { setTimeout as pause } from 'node:timers/promises';
import { CommandError } from './command-error';
import { type Answer, type Http } from './http';
import { type Login, type LoginFile } from './login-file';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** All that there is: of it is given what the user's roles allow. */
const SCOPE = [MANAGEMENT_SCOPE, ADMIN_SCOPE, PUBLISHER_SCOPE].join(' ');
/** A token that ends sooner is replaced before it is used, milliseconds. */
const SPARE_MS = 60_000;

/** Signs somebody in by a code that is typed in at a browser, RFC 8628. `tell` shows where and which. */
export async function signIn(
  http: Http,
  file: LoginFile,
  tell: (waiting: DeviceAuthorization) => void,
): Promise<Login> {
  const begun = await http.form('/device_authorize', { scope: SCOPE }, LOGIN_CONSUMER_KEY);
  if (begun.status !== 200) throw new CommandError(`No sign-in: ${reasonOf(begun)}.`);
  const waiting = begun.body as DeviceAuthorization;
  tell(waiting);
  const login = loginFrom((await answered(http, waiting)).body as TokenResponse);
  if (mayManage(login)) file.keep(http.server.url, login);
  return login;
}

/** Whether somebody may manage anything at all. */
export const mayManage = ({ scope }: Login): boolean => scope.split(' ').some((one) => SCOPE.split(' ').includes(one));

/** The access token of somebody who has signed in, another one where it is about to end. */
export async function accessTokenOf(http: Http, file: LoginFile, login: Login): Promise<string> {
  if (login.expiresAt - Date.now() > SPARE_MS) return login.accessToken;
  const form = { grant_type: 'refresh_token', refresh_token: login.refreshToken };
  const answer = await http.form('/token', form, LOGIN_CONSUMER_KEY);
  if (answer.status === 400 || answer.status === 401) {
    file.keep(http.server.url, undefined);
    throw new CommandError('You are signed in no longer: keyward login.');
  }
  if (answer.status !== 200) throw new CommandError(`No token: ${reasonOf(answer)}.`);
  const next = loginFrom(answer.body as TokenResponse);
  file.keep(http.server.url, next);
  return next.accessToken;
}

/** Ends a sign-in, here and at the server. */
export async function signOut(http: Http, file: LoginFile, { refreshToken }: Login): Promise<void> {
  file.keep(http.server.url, undefined);
  const answer = await http.form('/revoke', { token: refreshToken }, LOGIN_CONSUMER_KEY);
  if (answer.status !== 200) throw new CommandError(`Forgotten here, but not ended: ${reasonOf(answer)}.`);
}

/** RFC 8628 §3.5. */
async function answered(http: Http, { device_code, interval, expires_in }: DeviceAuthorization): Promise<Answer> {
  const end = Date.now() + expires_in * 1000;
  let seconds = interval;
  while (Date.now() < end) {
    await pause(seconds * 1000);
    const answer = await http.form('/token', { grant_type: GRANT, device_code }, LOGIN_CONSUMER_KEY);
    const { error } = (answer.body ?? {}) as { error?: string };
    if (error === 'slow_down') seconds += 5;
    else if (answer.status === 503) seconds += 1;
    else if (answer.status === 200) return answer;
    else if (error !== 'authorization_pending') throw new CommandError(`Not signed in: ${reasonOf(answer)}.`);
  }
  throw new CommandError('Not signed in: nobody typed the code in time.');
}

function loginFrom({ access_token, refresh_token = '', expires_in, scope }: TokenResponse): Login {
  const expiresAt = Date.now() + expires_in * 1000;
  const organization = organizationIn(access_token);
  return { accessToken: access_token, refreshToken: refresh_token, expiresAt, organization, scope };
}

/** What a JWT of the server that was asked says of its user; of an opaque token, nothing. Nothing is decided by it. */
function organizationIn(token: string): string {
  try {
    const claims = Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8');
    return (JSON.parse(claims) as { org: string }).org;
  } catch {
    return '';
  }
}

function reasonOf({ status, body }: Answer): string {
  const { error, error_description } = (body ?? {}) as { error?: string; error_description?: string };
  return error_description ?? error ?? `the server answered ${status}`;
}
