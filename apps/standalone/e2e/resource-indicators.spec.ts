import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, type TestKey, type TestUser } from './support/operator';
import { introspect } from './support/tokens';

const keyward = deployment();

let org: string;
let api: string;
let user: TestUser;
let key: TestKey;
let opaque: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  const { body } = await keyward.send(`/t/${org}/.well-known/openid-configuration`);
  api = `${body.issuer as string}/api`;
  [user, key, opaque] = await Promise.all([makeUser(org), makeKey(org), makeKey(org, { tokenType: 'opaque' })]);
});

/** By each grant that begins a token. */
const GRANTS: Record<string, (more: Record<string, string>, by?: TestKey) => Promise<Answer>> = {
  password: (more, by = key) => by.signIn(user, more),
  client_credentials: (more, by = key) => by.token({ grant_type: 'client_credentials', ...more }),
};
const NAMES = Object.keys(GRANTS);

describe.each(NAMES)('%s', (name) => {
  const ask = (more: Record<string, string>, by?: TestKey) => GRANTS[name]?.(more, by) ?? Promise.reject(new Error());

  it('RI-03 is for the organization’s API, named or not', async () => {
    const asked: Record<string, string>[] = [{}, { resource: api }];
    for (const more of asked) {
      expect(decodeJwt((await ask(more)).body.access_token as string).aud).toBe(api);
      const token = (await ask(more, opaque)).body.access_token as string;
      expect((await introspect(token, key)).body.aud).toBe(api);
    }
  });

  it.each(['/api', 'api', '//host/api', 'https://elsewhere.example', 'urn:example:other', ' '])(
    'RI-01 is invalid_target for %j',
    async (resource) => {
      expectError(await ask({ resource }), 'invalid_target');
    },
  );

  it('RI-01 is invalid_target for a fragment, another case or a slash at the end', async () => {
    for (const resource of [`${api}#x`, `${api}#`, `${api}/`, api.toUpperCase(), `${api}?x`])
      expectError(await ask({ resource }), 'invalid_target');
  });
});

it('RI-01 may repeat, and each is looked at', async () => {
  const ask = (...resources: string[]) => {
    const form: [string, string][] = resources.map((resource) => ['resource', resource]);
    return keyward.send('/token', { form: [['grant_type', 'client_credentials'], ...form], basic: key.basic });
  };
  expect((await ask(api, api)).status).toBe(200);
  expectError(await ask('https://elsewhere.example', api), 'invalid_target');
  expectError(await ask(api, 'https://elsewhere.example'), 'invalid_target');
});

it('RI-02 is held to at a refresh, which is not used up by what was refused', async () => {
  const { refresh_token } = (await key.signIn(user)).body as { refresh_token: string };
  const refresh = (more: Record<string, string>) => key.token({ grant_type: 'refresh_token', refresh_token, ...more });
  expectError(await refresh({ resource: 'https://elsewhere.example' }), 'invalid_target');
  const { status, body } = await refresh({ resource: api });
  expect([status, decodeJwt(body.access_token as string).aud]).toEqual([200, api]);
});

it('RI-01 TE-04 is asked after the client is proven, and before a password is tried', async () => {
  const resource = 'https://elsewhere.example';
  const form = { grant_type: 'password', username: user.loginName, password: 'wrong', resource };
  expectError(await keyward.send('/token', { form, basic: [key.consumerKey, 'wrong'] }), 'invalid_client');
  expectError(await key.token(form), 'invalid_target');
});

it('RI-01 RI-03 is asked of an authorization request as well', async () => {
  const party = await makeKey(org, { redirectUris: [REDIRECT_URI] });
  const request = { client_id: party.consumerKey, code_challenge: pkce().challenge, state: 's' };
  const elsewhere = authorizationUrl(org, { ...request, resource: 'https://elsewhere.example' });
  expect(answerOf(await new Visitor().get(elsewhere))).toMatchObject({ error: 'invalid_target', state: 's' });
  const { body } = await party.token(await codeFor(org, party, user, { resource: api }));
  expect(decodeJwt(body.access_token as string).aud).toBe(api);
});
