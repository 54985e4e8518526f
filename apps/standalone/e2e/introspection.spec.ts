import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  operator,
  type TestKey,
  type TestUser,
} from './support/operator';
import { introspect, isActive, revoke, spoilt } from './support/tokens';

const keyward = deployment();

let org: string;
let user: TestUser;
let sister: TestKey;
let stranger: TestKey;
let issuer: string;
const keys = {} as Record<'jwt' | 'opaque', TestKey>;

beforeAll(async () => {
  const elsewhere = await makeOrganization();
  org = await makeOrganization();
  [user, keys.jwt, keys.opaque, sister, stranger] = await Promise.all([
    makeUser(org),
    makeKey(org),
    makeKey(org, { tokenType: 'opaque' }),
    makeKey(org),
    makeKey(elsewhere),
  ]);
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
});

/** IN-04: this and nothing else, as the status of any other answer. */
const INACTIVE = { status: 200, text: '{"active":false}' };
const endpoints = (orgkey: string) =>
  ['/introspect', '/oauth2/introspect'].flatMap((path) => [path, `/t/${orgkey}${path}`]);

interface Tokens {
  access_token: string;
  refresh_token: string;
}
const tokensOf = async (client: TestKey): Promise<Tokens> => (await client.signIn(user)).body as Tokens;
const ownToken = async (client: TestKey) =>
  (await client.token({ grant_type: 'client_credentials' })).body.access_token as string;

describe.each(['jwt', 'opaque'] as const)('of %s tokens', (type) => {
  it('IN-03 IN-08 X-03 tells what an access token of a user says', async () => {
    const client = keys[type];
    const before = Math.floor(Date.now() / 1000);
    const { access_token: token } = await tokensOf(client);
    const { status, headers, body } = await introspect(token, client);
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'content-type': expect.stringMatching(/^application\/json/),
      'cache-control': 'no-store',
      pragma: 'no-cache',
    });
    expect(body).toEqual({
      active: true,
      scope: 'default',
      client_id: client.consumerKey,
      username: user.username,
      token_type: 'Bearer',
      iss: issuer,
      sub: user.id,
      aud: `${issuer}/api`,
      org,
      jti: expect.any(String),
      iat: expect.any(Number),
      exp: expect.any(Number),
      auth_time: expect.any(Number),
      amr: ['pwd'],
      acr: 'urn:keyward:acr:password',
    });
    expect(body.exp - body.iat).toBe(3600);
    expect(body.iat).toBeGreaterThanOrEqual(before - 1); // The deployment's clock may be another machine's.
    if (type === 'jwt') expect(body).toMatchObject(decodeJwt(token));
  });

  it("IN-03 tells what a client's own token says, and nothing of a user", async () => {
    const client = keys[type];
    const { body } = await introspect(await ownToken(client), client);
    expect(body).toMatchObject({ active: true, sub: client.consumerKey, client_id: client.consumerKey, iss: issuer });
    for (const claim of ['username', 'auth_time', 'amr']) expect(body).not.toHaveProperty(claim);
  });

  it('IN-07 a refresh token is told to its own client alone', async () => {
    const client = keys[type];
    const { refresh_token: token, access_token: accessToken } = await tokensOf(client);
    const { body } = await introspect(token, client);
    expect(body).toEqual({
      active: true,
      scope: 'default',
      client_id: client.consumerKey,
      username: user.username,
      token_type: 'refresh_token',
      iss: issuer,
      sub: user.id,
      org,
      iat: expect.any(Number),
      exp: expect.any(Number),
    });
    expect(body.exp - body.iat).toBe(86_400);
    expect(await introspect(token, sister)).toMatchObject(INACTIVE);
    // An access token is told to every confidential client of the organization, which may be an API.
    expect(await isActive(accessToken, sister)).toBe(true);
  });

  it('IN-07 a public client sees no token of another client', async () => {
    const { consumerKey } = await makeKey(org, { public: true });
    const { access_token: token, refresh_token: refreshToken } = await tokensOf(keys[type]);
    for (const each of [token, refreshToken]) {
      const form = { token: each, client_id: consumerKey };
      expect(await keyward.send('/introspect', { form })).toMatchObject(INACTIVE);
    }
  });

  it('IN-04 MT-01 nothing is told to a client of another organization', async () => {
    const { access_token: token, refresh_token: refreshToken } = await tokensOf(keys[type]);
    for (const each of [token, refreshToken, await ownToken(keys[type])])
      expect(await introspect(each, stranger)).toMatchObject(INACTIVE);
  });

  it('IN-04 IN-08 nothing is told of a token that was revoked', async () => {
    const client = keys[type];
    const { access_token: token, refresh_token: refreshToken } = await tokensOf(client);
    await revoke(token, client);
    expect(await introspect(token, client)).toMatchObject(INACTIVE);
    await revoke(refreshToken, client);
    expect(await introspect(refreshToken, client)).toMatchObject(INACTIVE);
  });

  it('IN-04 nothing is told of a token whose user is disabled', async () => {
    const client = keys[type];
    const ann = await makeUser(org);
    const { access_token: token, refresh_token: refreshToken } = (await client.signIn(ann)).body as Tokens;
    expect(await isActive(token, client)).toBe(true);
    await manage('PATCH', `/${org}/users/${ann.username}`, { state: 'disabled' });
    for (const each of [token, refreshToken]) expect(await introspect(each, client)).toMatchObject(INACTIVE);
  });

  it('IN-04 C-62 abuse 14: of a consumer key that is disabled, until it is enabled, or deleted', async () => {
    const client = await makeKey(org, { tokenType: type });
    const { access_token: ofUser, refresh_token: refreshToken } = await tokensOf(client);
    const own = await ownToken(client);
    const activeAre = async () => [await isActive(ofUser, sister), await isActive(own, sister)];
    const become = (expected: boolean) => eventually(async () => (await activeAre()).every((is) => is === expected));
    const path = `/${org}/keys/${client.consumerKey}`;
    expect(await activeAre()).toEqual([true, true]);
    await manage('PATCH', path, { state: 'disabled' });
    await become(false);
    for (const token of [ofUser, own]) expect(await introspect(token, sister)).toMatchObject(INACTIVE);
    await manage('PATCH', path, { state: 'active' });
    await become(true);
    expect(await isActive(refreshToken, client)).toBe(true);
    await manage('DELETE', path);
    await become(false);
    for (const token of [ofUser, own]) expect(await introspect(token, sister)).toMatchObject(INACTIVE);
  });

  it('IN-06 a wrong or unknown hint changes nothing', async () => {
    const client = keys[type];
    const tokens = await tokensOf(client);
    for (const token of [tokens.access_token, tokens.refresh_token])
      for (const token_type_hint of ['access_token', 'refresh_token', 'pat', ''])
        expect((await introspect(token, client, { token_type_hint })).body.active).toBe(true);
  });

  it('IN-04 abuse 17: any other spelling is no token', async () => {
    const client = keys[type];
    const tokens = await tokensOf(client);
    for (const token of [...spoilt(tokens.access_token), ...spoilt(tokens.refresh_token)])
      expect(await introspect(token, client)).toMatchObject(INACTIVE);
    expect(await isActive(tokens.access_token, client)).toBe(true);
  });
});

describe('the endpoint', () => {
  it('IN-01 is reached by a form that is posted alone', async () => {
    const token = await ownToken(keys.jwt);
    const { basic } = keys.jwt;
    for (const path of endpoints(org)) {
      const got = await keyward.send(`${path}?token=${token}`, { basic });
      expect([got.status, got.headers['allow']]).toEqual([405, 'POST']);
      expect((await keyward.send(path, { form: { token }, basic })).body.active).toBe(true);
    }
    expectError(await keyward.send(`/introspect?token=${token}`, { form: {}, basic }), 'invalid_request');
    expectError(await keyward.send('/introspect', { json: { token }, basic }), 'invalid_request');
  });

  it('IN-02 wants a client; a bearer token or a user is none', async () => {
    const form = { token: await ownToken(keys.jwt) };
    const [consumerKey] = keys.jwt.basic;
    for (const how of [
      {},
      { basic: [consumerKey, 'wrong'] as [string, string] },
      { basic: [user.loginName, user.password] as [string, string] },
      { bearer: form.token },
      { bearer: await operator() },
    ])
      expectError(await keyward.send('/introspect', { form, ...how }), 'invalid_client');
    const withoutSecret = { ...form, client_id: consumerKey };
    expectError(await keyward.send('/introspect', { form: withoutSecret }), 'invalid_client');
  });

  it('IN-02 TE-10 MT-01 of another organization knows this client no better than one that never was', async () => {
    const form = { token: await ownToken(keys.jwt) };
    const elsewhere = await makeOrganization();
    for (const path of endpoints(elsewhere).filter((path) => path.startsWith('/t/'))) {
      const answer = await keyward.send(path, { form, basic: keys.jwt.basic });
      const unknown = await keyward.send(path, { form, basic: ['nobody', 'nothing'] });
      expectError(answer, 'invalid_client');
      expect(answer.text).toBe(unknown.text);
    }
  });

  it('IN-02 wants a client that is not disabled, of an organization that is not suspended', async () => {
    const suspended = await makeOrganization();
    const [client, disabled] = await Promise.all([makeKey(suspended), makeKey(org)]);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await manage('PATCH', `/${org}/keys/${disabled.consumerKey}`, { state: 'disabled' });
    for (const each of [client, disabled]) {
      await eventually(async () => (await introspect('x', each)).status !== 200);
      expectError(await introspect('x', each), 'invalid_client');
    }
  });

  it('IN-05 X-04 wants a token, once', async () => {
    const { basic } = keys.jwt;
    for (const form of [{}, { token: '' }, { token_type_hint: 'access_token' }] as Record<string, string>[])
      expectError(await keyward.send('/introspect', { form, basic }), 'invalid_request');
    const twice: [string, string][] = [
      ['token', 'a'],
      ['token', 'b'],
    ];
    expectError(await keyward.send('/introspect', { form: twice, basic }), 'invalid_request');
  });

  it('IN-04 what never was a token is not active', async () => {
    for (const token of ['x', '..', 'a.b.c', 'krt_', 'kat_x', '\u{1f511}', "' OR 1=1 --", 'x'.repeat(40_000)])
      expect(await introspect(token, keys.jwt)).toMatchObject(INACTIVE);
  });
});
