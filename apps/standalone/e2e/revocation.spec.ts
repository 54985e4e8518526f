import { deployment } from '@keyward/testing';
import { expectError } from './support/answers';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';
import { isActive, revoke, spoilt } from './support/tokens';

const keyward = deployment();

let org: string;
let user: TestUser;
let sister: TestKey;
let stranger: TestKey;
const keys = {} as Record<'jwt' | 'opaque', TestKey>;

beforeAll(async () => {
  org = await makeOrganization();
  const elsewhere = await makeOrganization();
  [user, keys.jwt, keys.opaque, sister, stranger] = await Promise.all([
    makeUser(org),
    makeKey(org),
    makeKey(org, { tokenType: 'opaque' }),
    makeKey(org),
    makeKey(elsewhere),
  ]);
});

/** RV-09: simple-oauth2 takes anything else for a failure. */
const REVOKED = {
  status: 200,
  text: '{}',
  headers: { 'content-type': expect.stringMatching(/^application\/json/), 'cache-control': 'no-store' },
};

const endpoints = (orgkey: string) => [
  '/revoke',
  '/oauth2/revoke',
  `/t/${orgkey}/revoke`,
  `/t/${orgkey}/oauth2/revoke`,
];

describe.each(['jwt', 'opaque'] as const)('of %s tokens', (type) => {
  const tokens = async (client = keys[type]) =>
    (await client.signIn(user)).body as { access_token: string; refresh_token: string };
  const refresh = (token: string, client = keys[type]) =>
    client.token({ grant_type: 'refresh_token', refresh_token: token });

  it('RV-02 RV-08 RV-09 an access token ends alone', async () => {
    const client = keys[type];
    const { access_token: token, refresh_token: refreshToken } = await tokens();
    const other = await tokens();
    expect(await isActive(token, client)).toBe(true);
    expect(await revoke(token, client)).toMatchObject(REVOKED);
    expect(await isActive(token, client)).toBe(false);
    expect(await isActive(other.access_token, client)).toBe(true);
    const refreshed = await refresh(refreshToken);
    expect(refreshed.status).toBe(200);
    expect(await isActive(refreshed.body.access_token, client)).toBe(true);
    expect(await isActive(token, client)).toBe(false);
  });

  it("RV-02 a client's own token ends", async () => {
    const client = keys[type];
    const { access_token: token } = (await client.token({ grant_type: 'client_credentials' })).body;
    expect(await isActive(token, client)).toBe(true);
    expect(await revoke(token, client)).toMatchObject(REVOKED);
    expect(await isActive(token, client)).toBe(false);
  });

  it('RV-07 a refresh token ends with every access token of its family', async () => {
    const client = keys[type];
    const first = await tokens();
    const second = (await refresh(first.refresh_token)).body;
    const other = await tokens();
    expect(await revoke(second.refresh_token, client)).toMatchObject(REVOKED);
    expectError(await refresh(second.refresh_token), 'invalid_grant');
    for (const token of [first.access_token, second.access_token, first.refresh_token, second.refresh_token])
      expect(await isActive(token, client)).toBe(false);
    expect(await isActive(other.access_token, client)).toBe(true);
    expect((await refresh(other.refresh_token)).status).toBe(200);
  });

  it('RV-07 the predecessor of a refresh token ends the family too', async () => {
    const first = await tokens();
    const second = (await refresh(first.refresh_token)).body;
    expect(await revoke(first.refresh_token, keys[type])).toMatchObject(REVOKED);
    expectError(await refresh(second.refresh_token), 'invalid_grant');
    expect(await isActive(second.access_token, keys[type])).toBe(false);
  });

  it('RV-03 what is revoked already, unknown or spoilt gets the same answer', async () => {
    const client = keys[type];
    const live = await tokens();
    const { access_token: revoked } = await tokens();
    await revoke(revoked, client);
    const unknown = ['x', 'krt_x', 'kat_x', 'a.b.c', '\u{1f511}', 'x'.repeat(20_000), `${live.access_token}.`];
    for (const token of [revoked, ...unknown, ...spoilt(live.access_token), ...spoilt(live.refresh_token)])
      expect(await revoke(token, client)).toMatchObject(REVOKED);
    // abuse 17: nor has any of these spellings ended the token that it resembles.
    expect(await isActive(live.access_token, client)).toBe(true);
    expect((await refresh(live.refresh_token)).status).toBe(200);
  });

  it('RV-05 a wrong or unknown hint changes nothing', async () => {
    const client = keys[type];
    for (const token_type_hint of ['refresh_token', 'id_token', '']) {
      const { access_token: token } = await tokens();
      expect(await revoke(token, client, { token_type_hint })).toMatchObject(REVOKED);
      expect(await isActive(token, client)).toBe(false);
    }
    const { refresh_token: token } = await tokens();
    expect(await revoke(token, client, { token_type_hint: 'access_token' })).toMatchObject(REVOKED);
    expectError(await refresh(token), 'invalid_grant');
  });

  it('RV-06 another client of the organization is told that the token is not its own, which stays', async () => {
    const { access_token: token, refresh_token: refreshToken } = await tokens();
    for (const each of [token, refreshToken]) expectError(await revoke(each, sister), 'invalid_request');
    expect(await isActive(token, keys[type])).toBe(true);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('RV-06 a public client is told nothing, and the token stays', async () => {
    const app = await makeKey(org, { public: true });
    const { access_token: token, refresh_token: refreshToken } = await tokens();
    for (const each of [token, refreshToken]) {
      const form = { token: each, client_id: app.consumerKey };
      expect(await keyward.send('/revoke', { form })).toMatchObject(REVOKED);
    }
    expect(await isActive(token, keys[type])).toBe(true);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('RV-06 MT-02 for a client of another organization it is no token at all, and it stays', async () => {
    const { access_token: token, refresh_token: refreshToken } = await tokens();
    for (const each of [token, refreshToken]) expect(await revoke(each, stranger)).toMatchObject(REVOKED);
    expect(await isActive(token, keys[type])).toBe(true);
    expect((await refresh(refreshToken)).status).toBe(200);
  });

  it('RV-02 works at every revocation endpoint of the organization', async () => {
    for (const path of endpoints(org)) {
      const { access_token: token } = await tokens();
      expect(await keyward.send(path, { form: { token }, basic: keys[type].basic })).toMatchObject(REVOKED);
      expect(await isActive(token, keys[type])).toBe(false);
    }
  });
});

describe('the endpoint', () => {
  const token = async () => (await keys.jwt.token({ grant_type: 'client_credentials' })).body.access_token as string;

  it('RV-01 wants a client, as the token endpoint does', async () => {
    const live = await token();
    const [consumerKey, consumerSecret] = keys.jwt.basic;
    const form = { token: live };
    const none = await keyward.send('/revoke', { form });
    const wrong = await keyward.send('/revoke', { form, basic: [consumerKey, 'wrong'] });
    const identifier = await keyward.send('/revoke', { form: { ...form, client_id: consumerKey } });
    for (const answer of [none, wrong, identifier]) expectError(answer, 'invalid_client');
    expect(await isActive(live, keys.jwt)).toBe(true);
    const two = { form: { ...form, client_secret: consumerSecret }, basic: keys.jwt.basic };
    expectError(await keyward.send('/revoke', two), 'invalid_request');
    const body = { ...form, client_id: consumerKey, client_secret: consumerSecret };
    expect(await keyward.send('/revoke', { form: body })).toMatchObject(REVOKED);
    expect(await isActive(live, keys.jwt)).toBe(false);
  });

  it('RV-01 TE-10 of another organization knows neither this client nor its token', async () => {
    const live = await token();
    const elsewhere = await makeOrganization();
    for (const path of endpoints(elsewhere).slice(2))
      expectError(await keyward.send(path, { form: { token: live }, basic: keys.jwt.basic }), 'invalid_client');
    expect(await isActive(live, keys.jwt)).toBe(true);
  });

  it('RV-01 of a suspended organization is not there, its clients are not known', async () => {
    const suspended = await makeOrganization();
    const client = await makeKey(suspended);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await eventually(async () => (await revoke('x', client)).status === 401);
    expectError(await revoke('x', client), 'invalid_client');
    await eventually(async () => (await keyward.send(`/t/${suspended}/jwks`)).status === 404);
    const [unknown, gone] = await Promise.all(
      ['no-such-organization', suspended].map((orgkey) =>
        keyward.send(`/t/${orgkey}/revoke`, { form: { token: 'x' }, basic: client.basic }),
      ),
    );
    expect([unknown?.status, unknown?.text]).toEqual([404, gone?.text]);
  });

  it('RV-04 wants a token', async () => {
    for (const form of [{}, { token: '' }, { token_type_hint: 'access_token' }] as Record<string, string>[])
      expectError(await keyward.send('/revoke', { form, basic: keys.jwt.basic }), 'invalid_request');
  });

  it('RV-04 X-04 wants it once', async () => {
    const live = await token();
    const form: [string, string][] = [
      ['token', live],
      ['token', live],
    ];
    expectError(await keyward.send('/revoke', { form, basic: keys.jwt.basic }), 'invalid_request');
    expect(await isActive(live, keys.jwt)).toBe(true);
  });

  it('RV-11 is not reached by GET, nor by parameters of a URL or JSON', async () => {
    const live = await token();
    const query = new URLSearchParams({ token: live, callback: 'alert' }).toString();
    for (const path of endpoints(org)) {
      const answer = await keyward.send(`${path}?${query}`, { basic: keys.jwt.basic });
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'POST']);
    }
    const { basic } = keys.jwt;
    expectError(await keyward.send(`/revoke?${query}`, { form: {}, basic }), 'invalid_request');
    expectError(await keyward.send('/revoke', { json: { token: live }, basic }), 'invalid_request');
    expect(await isActive(live, keys.jwt)).toBe(true);
    // No JSONP either: a callback is a parameter like any that is not known.
    expect(await revoke(live, keys.jwt, { callback: 'alert' })).toMatchObject(REVOKED);
  });
});
