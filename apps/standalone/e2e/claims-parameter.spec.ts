import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, manage, type TestKey, type TestUser } from './support/operator';

const keyward = deployment();
const PROFILE = { name: 'John Doe', given_name: 'John', email: 'john@johns.org', phone_number: '+49 30 1' };

let org: string;
let user: TestUser;
let keys: { jwt: TestKey; opaque: TestKey; pairwise: TestKey };

beforeAll(async () => {
  org = await makeOrganization();
  user = await makeUser(org);
  await manage('PATCH', `/${org}/users/${user.username}`, { profile: PROFILE });
  const redirectUris = [REDIRECT_URI];
  const [jwt, opaque, pairwise] = await Promise.all([
    makeKey(org, { redirectUris }),
    makeKey(org, { redirectUris, tokenType: 'opaque' }),
    makeKey(org, { redirectUris, subjectType: 'pairwise' }),
  ]);
  keys = { jwt, opaque, pairwise };
});

const asking = (claims: unknown, more: Record<string, string> = {}) => ({
  ...{ scope: 'openid', claims: typeof claims === 'string' ? claims : JSON.stringify(claims), ...more },
});
const tokensOf = async (key: TestKey, params: Record<string, string>, visitor = new Visitor()) =>
  (await key.token(await codeFor(org, key, user, params, visitor))).body as Record<string, string>;
const userinfo = async (token: string | undefined) =>
  (await keyward.send(`/t/${org}/userinfo`, { bearer: token })).body;
const open = (params: Record<string, string>, visitor = new Visitor(), key = keys.jwt) =>
  visitor.get(authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, ...params }));

it.each(['jwt', 'opaque', 'pairwise'] as const)(
  'OC-04 OC-07 the claims that a client names are where it wants them, and no others (%s)',
  async (kind) => {
    const key = keys[kind];
    const wanted = { userinfo: { given_name: { essential: true }, address: null }, id_token: { email: null } };
    const tokens = await tokensOf(key, asking(wanted));
    const said = decodeJwt(tokens['id_token'] ?? '');
    expect(said).toMatchObject({ email: PROFILE.email });
    for (const claim of ['name', 'given_name', 'phone_number']) expect(said).not.toHaveProperty(claim);
    expect(await userinfo(tokens['access_token'])).toEqual({ sub: said.sub, given_name: 'John' });
    const refreshed = await key.token({ grant_type: 'refresh_token', refresh_token: tokens['refresh_token'] ?? '' });
    expect(await userinfo(refreshed.body.access_token)).toEqual({ sub: said.sub, given_name: 'John' });
    // The next request has what it asks for itself.
    const plain = await tokensOf(key, { scope: 'openid' });
    expect(decodeJwt(plain['id_token'] ?? '')).not.toHaveProperty('email');
    expect(await userinfo(plain['access_token'])).toEqual({ sub: said.sub });
  },
);

it('OC-04 what a scope tells and what is named come together', async () => {
  const tokens = await tokensOf(keys.jwt, asking({ userinfo: { phone_number: null } }, { scope: 'openid email' }));
  expect(await userinfo(tokens['access_token'])).toEqual({
    ...{ sub: user.id, email: PROFILE.email, phone_number: PROFILE.phone_number },
  });
});

it('AZ-11 its user agrees to a claim as to the scope that it belongs to', async () => {
  const [visitor, key] = [new Visitor(), await makeKey(org, { redirectUris: [REDIRECT_URI] })];
  await tokensOf(key, { scope: 'openid' }, visitor);
  const params = asking({ id_token: { email: null } });
  expect(answerOf(await open({ ...params, prompt: 'none' }, visitor, key))).toMatchObject({
    error: 'consent_required',
  });
  const page = await open(params, visitor, key);
  expect(page.text).toContain('see your mail address');
  expect(answerOf(await visitor.submit(page, { decision: 'allow' }))).toHaveProperty('code');
  expect(answerOf(await open({ ...params, prompt: 'none' }, visitor, key))).toHaveProperty('code');
});

it('OC-03 without openid nothing of it is done', async () => {
  const tokens = await tokensOf(keys.jwt, asking({ id_token: { email: null } }, { scope: 'default' }));
  expect(tokens).not.toHaveProperty('id_token');
});

it('OC-07 no claim takes the place of one that the ID token has', async () => {
  const { id_token: token = '' } = await tokensOf(
    keys.jwt,
    asking({ id_token: { sub: null, iss: null, aud: { value: 'x' } } }),
  );
  expect(decodeJwt(token)).toMatchObject({ sub: user.id, aud: keys.jwt.consumerKey });
});

it.each(['jwt', 'pairwise'] as const)('AZ-09 OC-07 a client can name the only user who will do (%s)', async (kind) => {
  const [key, visitor] = [keys[kind], new Visitor()];
  const { id_token: token = '' } = await tokensOf(key, { scope: 'openid' }, visitor);
  const asked = (value: string) => open(asking({ id_token: { sub: { value } } }, { prompt: 'none' }), visitor, key);
  expect(answerOf(await asked(decodeJwt(token).sub ?? ''))).toHaveProperty('code');
  const other = await makeUser(org);
  for (const id of [other.id, 'nobody', '00000000-0000-8000-8000-000000000000'])
    expect(answerOf(await asked(id))).toMatchObject({ error: 'login_required' });
});

it('AZ-09 OC-07 a client that named another user than who signs in gets its answer', async () => {
  const [visitor, other] = [new Visitor(), await makeUser(org)];
  const page = await open(asking({ id_token: { sub: { value: other.id } } }), visitor);
  const { username, password } = user;
  expect(answerOf(await visitor.submit(page, { username, password }))).toMatchObject({ error: 'login_required' });
});

it('OC-09 a client with pairwise subjects cannot find out whose id it has heard elsewhere', async () => {
  const [key, visitor] = [keys.pairwise, new Visitor()];
  const { id_token: own = '' } = await tokensOf(key, { scope: 'openid' }, visitor);
  const { id_token: others = '' } = await tokensOf(keys.jwt, { scope: 'openid' }, visitor);
  const asked = (value: string) => open(asking({ id_token: { sub: { value } } }, { prompt: 'none' }), visitor, key);
  const other = await makeUser(org);
  for (const id of [user.id, other.id]) expect(answerOf(await asked(id))).toMatchObject({ error: 'login_required' });
  // Nor by what another client was told, whoever is signed in: of the one and of the other it hears the same.
  const stranger = new Visitor();
  const theirs = (await keys.jwt.token(await codeFor(org, keys.jwt, other, { scope: 'openid' }, stranger))).body;
  const hinted = (hint: string, client = key) =>
    open({ scope: 'openid', prompt: 'none', id_token_hint: hint }, visitor, client);
  const [here, there] = [answerOf(await hinted(others)), answerOf(await hinted(theirs.id_token as string))];
  expect(here).toMatchObject({ error: 'login_required' });
  expect(there).toEqual(here);
  expect(answerOf(await hinted(own))).toHaveProperty('code');
  expect(answerOf(await hinted(own, keys.jwt))).toHaveProperty('code');
});

it('ST-01 OC-07 an essential class of sign-in is met, or the client is told that it cannot be', async () => {
  const acr = (about: object) => asking({ id_token: { acr: about } });
  const reached = 'urn:keyward:acr:password';
  for (const about of [{ essential: true }, { essential: true, values: ['urn:x', reached] }, { value: 'urn:x' }]) {
    const { id_token: token = '' } = await tokensOf(keys.jwt, acr(about));
    expect(decodeJwt(token)).toMatchObject({ acr: reached });
  }
  for (const about of [
    { essential: true, value: 'urn:x' },
    { essential: true, values: ['urn:x', 1] },
  ])
    expect(answerOf(await open(acr(about)))).toMatchObject({ error: 'unmet_authentication_requirements' });
});

it('OC-07 AZ-03 what is malformed is told the client, here and where it is pushed', async () => {
  for (const claims of [
    '{',
    '[]',
    '{"id_token":[]}',
    '{"id_token":{"email":1}}',
    `{"id_token":{"${'x'.repeat(5000)}":null}}`,
  ]) {
    expect(answerOf(await open(asking(claims)))).toMatchObject({ error: 'invalid_request' });
    const form = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge: pkce().challenge };
    const pushed = { form: { ...form, code_challenge_method: 'S256', ...asking(claims) }, basic: keys.jwt.basic };
    expect((await keyward.send(`/t/${org}/oauth2/par`, pushed)).body).toMatchObject({ error: 'invalid_request' });
  }
});
