import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import { makeKey, makeOrganization, makeUser, manage, type TestKey } from './support/operator';

const keyward = deployment();
const form = { grant_type: 'client_credentials' };

let org: string;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org);
});

it('CC-01 is for confidential clients alone', async () => {
  expectError(await keyward.send('/token', { form: { ...form, client_id: key.consumerKey } }), 'invalid_client');
  const { consumerKey } = await makeKey(org, { public: true });
  expectError(await keyward.send('/token', { form: { ...form, client_id: consumerKey } }), 'unauthorized_client');
  await expect(makeKey(org, { public: true, grantTypes: ['client_credentials'] })).rejects.toThrow(': 400 ');
});

it('CC-01 is for keys that have the grant', async () => {
  const without = await makeKey(org, { grantTypes: ['password', 'refresh_token'] });
  expectError(await without.token(form), 'unauthorized_client');
});

it('CC-02 the token speaks of the client, and of no user', async () => {
  const { body } = await key.token(form);
  const claims = decodeJwt(body.access_token);
  expect(claims).toMatchObject({ sub: key.consumerKey, client_id: key.consumerKey, org, scope: 'default' });
  const names = ['iss', 'sub', 'aud', 'org', 'client_id', 'scope', 'jti', 'iat', 'exp'];
  expect(Object.keys(claims).sort()).toEqual(names.sort());
});

it('CC-02 says the same to introspection when it is opaque', async () => {
  const opaque = await makeKey(org, { tokenType: 'opaque' });
  const { access_token: token } = (await opaque.token(form)).body;
  const { body } = await keyward.send('/introspect', { form: { token }, basic: opaque.basic });
  expect(body).toMatchObject({ active: true, sub: opaque.consumerKey, client_id: opaque.consumerKey, org });
  for (const name of ['username', 'auth_time', 'amr']) expect(body).not.toHaveProperty(name);
});

it('CC-03 no consumer key is a user’s id', async () => {
  const { id } = await makeUser(org);
  const consumerSecret = 'fqvmAbAa_wU62DjlyDBnq87GlBwp';
  for (const consumerKey of [id, id.toUpperCase()])
    await expect(makeKey(org, { consumerKey, consumerSecret })).rejects.toThrow(': 400 ');
  expect(key.consumerKey).not.toContain('-');
});

it('CC-03 no user is made with a chosen id', async () => {
  const user = { username: 'chosen', id: key.consumerKey, sub: key.consumerKey };
  await expect(manage('POST', `/${org}/users`, user)).rejects.toThrow(': 400 ');
});

it.each(['openid', 'offline_access', 'default openid'])('CC-04 scope "%s" needs a user', async (scope) => {
  expectError(await key.token({ ...form, scope }), 'invalid_scope');
});

it('CC-05 RT-11 brings neither a refresh token nor an ID token', async () => {
  const { status, body } = await key.token({ ...form, scope: 'default' });
  expect(status).toBe(200);
  expect(Object.keys(body).sort()).toEqual(['access_token', 'expires_in', 'scope', 'token_type']);
});
