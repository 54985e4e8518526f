import { deployment, type Answer } from '@keyward/testing';
import { randomUUID } from 'node:crypto';
import { now, pairOf, signed } from './assertion';
import { codeFor, REDIRECT_URI } from './browser';
import { answerDevice, DEVICE_CODE, startDevice } from './device';
import { makeKey, manage, unique, type TestKey, type TestUser } from './operator';

const keyward = deployment();

export const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
/** Those that give a token of a user. */
export const USER_GRANTS = ['password', 'refresh_token', 'authorization_code', DEVICE_CODE, EXCHANGE, JWT_BEARER];

/** What a consumer key may send for one user, each once, and what it was given for the preparations. */
export interface EveryGrant {
  key: TestKey;
  /** By grant. */
  forms: Record<string, Record<string, string>>;
  access: string;
  refresh: string;
}

/** A consumer key that may use every grant. */
export const makeKeyOfEveryGrant = (org: string): Promise<TestKey> =>
  makeKey(org, { grantTypes: [...USER_GRANTS, 'client_credentials'], redirectUris: [REDIRECT_URI] });

/** Prepares one request of every grant, each for this scope. */
export async function everyGrant(org: string, key: TestKey, user: TestUser, scope = 'default'): Promise<EveryGrant> {
  const pair = await pairOf();
  const iss = `https://${unique('hr')}.example`;
  const users = [{ subject: '1', userId: user.id }];
  await manage('POST', `/${org}/trusted-issuers`, {
    name: unique('hr'),
    issuer: iss,
    jwks: { keys: [pair.jwk] },
    users,
  });
  const aud = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  const { access_token: access, refresh_token: refresh } = (await key.signIn(user, { scope })).body;
  const waiting = await startDevice(key, { scope });
  await answerDevice(waiting, user);
  const claims = { iss, sub: '1', aud, jti: randomUUID(), iat: now(), exp: now() + 120 };
  return {
    ...{ key, access, refresh },
    forms: {
      client_credentials: { scope },
      password: { username: user.loginName, password: user.password, scope },
      refresh_token: { refresh_token: refresh },
      authorization_code: await codeFor(org, key, user, { scope }),
      [DEVICE_CODE]: { device_code: waiting.device_code },
      [EXCHANGE]: {
        subject_token: access,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        scope,
      },
      [JWT_BEARER]: { assertion: await signed(claims, pair), scope },
    },
  };
}

/** Sends one of them, or what has been made of it. */
export const askFor = (
  { key, forms }: EveryGrant,
  grant: string,
  changes: Record<string, string> = {},
): Promise<Answer> => key.token({ ...forms[grant], ...changes, grant_type: grant });
