import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, type TestKey, type TestUser } from './support/operator';
import { introspect } from './support/tokens';

const keyward = deployment();

let org: string;
let user: TestUser;
let keys: TestKey[];

beforeAll(async () => {
  org = await makeOrganization();
  user = await makeUser(org);
  const redirectUris = [REDIRECT_URI];
  keys = await Promise.all([makeKey(org, { redirectUris }), makeKey(org, { redirectUris, tokenType: 'opaque' })]);
});

/** When its user signed in, as an access token says it, or introspection of it. */
async function authTimeOf(token: string, key: TestKey): Promise<number> {
  const { body } = await introspect(token, key);
  expect(body.active).toBe(true);
  if (!token.startsWith('kat_')) expect(decodeJwt(token)['auth_time']).toBe(body.auth_time);
  return body.auth_time as number;
}

it('ST-01 AZ-09 asks a user once more whose sign-in is too old, and tokens and introspection say when it was', async () => {
  for (const key of keys) {
    const visitor = new Visitor();
    const first = await authTimeOf(
      (await key.token(await codeFor(org, key, user, {}, visitor))).body.access_token,
      key,
    );
    await pause(1100); // Of its own session: time is told in seconds.
    const { challenge } = pkce();
    const url = (max_age: string) =>
      authorizationUrl(org, { client_id: key.consumerKey, code_challenge: challenge, max_age });
    expect(answerOf(await visitor.get(url('600')))).toMatchObject({ code: expect.any(String) });
    expect((await visitor.get(url('0'))).text).toContain('type="password"');
    const again = await key.token(await codeFor(org, key, user, { max_age: '0' }, visitor));
    expect(await authTimeOf(again.body.access_token, key)).toBeGreaterThan(first);
    const quiet = authorizationUrl(org, {
      ...{ client_id: key.consumerKey, code_challenge: challenge, max_age: '0', prompt: 'none' },
    });
    expect(answerOf(await visitor.get(quiet))).toMatchObject({ error: 'login_required' });
  }
});

it('ST-01 OC-07 acr_values that cannot be met are no error, and what was reached is told wherever it is asked', async () => {
  const [key] = keys;
  if (!key) throw new Error('no key');
  const { body } = await key.token(
    await codeFor(org, key, user, { acr_values: 'urn:example:gold phr', scope: 'openid' }),
  );
  const acr = 'urn:keyward:acr:password';
  expect(decodeJwt(body.id_token)).toMatchObject({ acr });
  expect(decodeJwt(body.access_token)).toMatchObject({ acr });
  for (const each of keys) {
    const { access_token: token } = (await each.signIn(user)).body;
    expect((await introspect(token, each)).body).toMatchObject({ active: true, acr, amr: ['pwd'] });
  }
  const { body: refreshed } = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
  expect(decodeJwt(refreshed.id_token)).toMatchObject({ acr });
  const metadata = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body;
  expect(metadata).toMatchObject({ acr_values_supported: [acr] });
});
