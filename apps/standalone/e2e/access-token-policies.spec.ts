import { deployment, type Answer } from '@keyward/testing';
import { now, pairOf, signed, type Pair } from './support/assertion';
import { makeKey, makeOrganization, makeUser, manage, unique, type TestKey, type TestUser } from './support/operator';
import { introspect, isActive, revoke } from './support/tokens';

const keyward = deployment();
const CLIENT = { grant_type: 'client_credentials' };

let org: string;
let user: TestUser;
beforeAll(async () => {
  org = await makeOrganization();
  await manage('PATCH', `/${org}`, { compatibilityProfile: 'wso2-3.2' });
  user = await makeUser(org);
});

const refresh = (key: TestKey, refresh_token: string) => key.token({ grant_type: 'refresh_token', refresh_token });
const tokensOf = ({ body }: Answer) => ({ access_token: body.access_token, refresh_token: body.refresh_token });
const accessTokensOf = (answers: Answer[]) => new Set(answers.map(({ body }) => body.access_token as string));
const many = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 12 }, ask));

describe('compatibility §1.6 a consumer key that gives the same tokens out again', () => {
  let key: TestKey;
  beforeEach(async () => (key = await makeKey(org, { tokenType: 'opaque', accessTokenPolicy: 'reuse' })));

  it('answers the same user and scopes with the tokens that are alive, and the time they have left', async () => {
    const first = await key.signIn(user);
    expect(first.body.expires_in).toBe(3600);
    const again = await key.signIn(user);
    expect(tokensOf(again)).toEqual(tokensOf(first));
    expect(again.body.expires_in).toBeLessThanOrEqual(3600);
    const { exp } = (await introspect(again.body.access_token, key)).body;
    expect(Math.abs(Number(exp) - Date.now() / 1000 - Number(again.body.expires_in))).toBeLessThan(5);
  });

  it('has others for other scopes, whatever their order, for other users and for itself', async () => {
    const scopes = ['device_a', 'device_b', 'device_a device_b', 'device_b device_a'];
    const asked = await Promise.all(scopes.map((scope) => key.signIn(user, { scope })));
    const others = await Promise.all([key.signIn(await makeUser(org)), key.token(CLIENT), key.signIn(user)]);
    expect(accessTokensOf(asked).size).toBe(3);
    expect(accessTokensOf([...asked, ...others]).size).toBe(6);
    expect(tokensOf(await key.token(CLIENT))).toEqual(tokensOf(others[1]));
  });

  it('abuse 13: gives many requests at once one and the same, and none an error', async () => {
    const answers = await many(() => key.signIn(user));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(accessTokensOf(answers).size).toBe(1);
    expect(await isActive(answers[0]?.body.access_token, key)).toBe(true);
  });

  it('gives new ones once those are revoked, or their user may have none from before any more', async () => {
    const first = await key.signIn(user);
    await revoke(first.body.access_token, key);
    const second = await key.signIn(user);
    await revoke(second.body.refresh_token, key);
    const third = await key.signIn(user);
    const { password } = await manage('POST', `/${org}/users/${user.username}/reset-password`, {});
    user.password = password;
    const fourth = await key.signIn(user);
    expect(accessTokensOf([first, second, third, fourth]).size).toBe(4);
    expect(await isActive(fourth.body.access_token, key)).toBe(true);
  });

  it('gives new ones when they are refreshed, which end those before and are given out from then on', async () => {
    const first = await key.signIn(user);
    const second = await refresh(key, first.body.refresh_token);
    expect(await isActive(first.body.access_token, key)).toBe(false);
    expect(tokensOf(await key.signIn(user))).toEqual(tokensOf(second));
  });

  it('keeps them for who has the secret that they were given to', async () => {
    const first = await key.signIn(user);
    const { consumerSecret } = await manage('POST', `/${org}/keys/${key.consumerKey}/rotate-secret`, { overlap: 60 });
    const form = { grant_type: 'password', username: user.loginName, password: user.password };
    const basic: [string, string] = [key.consumerKey, consumerSecret];
    const byNew = await keyward.send('/token', { form, basic });
    expect(tokensOf(byNew)).not.toEqual(tokensOf(first));
    expect(tokensOf(await keyward.send('/token', { form, basic }))).toEqual(tokensOf(byNew));
    expect(await isActive(first.body.access_token, { ...key, basic })).toBe(true);
  });

  it.each([
    ['JWTs', { tokenType: 'jwt' as const }],
    ['a client without a secret', { tokenType: 'opaque' as const, public: true }],
  ])('is not for %s', async (_, settings) => {
    await expect(makeKey(org, { ...settings, accessTokenPolicy: 'reuse' })).rejects.toThrow('400');
  });
});

describe.each(['jwt', 'opaque'] as const)('compatibility §1.6 a consumer key with a single %s', (tokenType) => {
  let key: TestKey;
  beforeEach(async () => (key = await makeKey(org, { tokenType, accessTokenPolicy: 'single' })));
  const living = async (answers: Answer[]) =>
    (await Promise.all([...accessTokensOf(answers)].map((token) => isActive(token, key)))).filter(Boolean).length;

  it('ends the tokens of the same user and scopes, and no others', async () => {
    const [phone, other] = [await key.signIn(user, { scope: 'device_phone' }), await key.signIn(await makeUser(org))];
    const first = await key.signIn(user);
    const second = await key.signIn(user);
    expect(await living([first])).toBe(0);
    expect((await refresh(key, first.body.refresh_token)).body.error).toBe('invalid_grant');
    expect(await living([second, phone, other])).toBe(3);
    expect((await refresh(key, second.body.refresh_token)).status).toBe(200);
  });

  it('refreshed, has one that goes on', async () => {
    const first = await key.signIn(user);
    const second = await refresh(key, first.body.refresh_token);
    expect(await living([first])).toBe(0);
    expect(await living([second])).toBe(1);
    expect((await refresh(key, second.body.refresh_token)).status).toBe(200);
  });

  it('abuse 13: of many at once leaves exactly one alive, and no request an error', async () => {
    for (const ask of [() => key.signIn(user), () => key.token(CLIENT)]) {
      const answers = await many(ask);
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
      expect(accessTokensOf(answers).size).toBe(answers.length);
      expect(await living(answers)).toBe(1);
    }
  });
});

it('a consumer key makes new tokens and ends none, where nothing else is said', async () => {
  const key = await makeKey(org, { tokenType: 'opaque' });
  const answers = [await key.signIn(user), await key.signIn(user)];
  expect(accessTokensOf(answers).size).toBe(2);
  for (const { body } of answers) expect(await isActive(body.access_token, key)).toBe(true);
});

describe('compatibility §1.6 JB-01 of assertions of a trusted issuer', () => {
  const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const iss = `https://${unique('hr')}.example`;
  let pair: Pair;
  let aud: string;
  beforeAll(async () => {
    pair = await pairOf();
    aud = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
    const trusted = { name: unique('hr'), issuer: iss, jwks: { keys: [pair.jwk] } };
    await manage('POST', `/${org}/trusted-issuers`, { ...trusted, users: [{ subject: '1', userId: user.id }] });
  });
  const assert = async (key: TestKey, params: Record<string, string> = {}) => {
    const claims = { iss, sub: '1', aud, jti: unique('jti'), exp: now() + 60 };
    const answer = await key.token({ grant_type: BEARER, assertion: await signed(claims, pair), ...params });
    if (answer.status !== 200) throw new Error(answer.text);
    return answer;
  };
  const grantTypes = [BEARER, 'password', 'refresh_token'];

  it('a consumer key with reuse gives the same token out again', async () => {
    const key = await makeKey(org, { grantTypes, tokenType: 'opaque', accessTokenPolicy: 'reuse' });
    const first = await assert(key);
    expect(tokensOf(await assert(key))).toEqual(tokensOf(first));
    expect(accessTokensOf([first, await assert(key, { scope: 'device_phone' })]).size).toBe(2);
    // A password's come with a refresh token, an assertion's never.
    const { body } = await key.signIn(user);
    expect([body.refresh_token, body.access_token === first.body.access_token]).toEqual([expect.any(String), false]);
    expect(tokensOf(await assert(key))).toEqual(tokensOf(first));
    await revoke(first.body.access_token, key);
    expect(tokensOf(await assert(key))).not.toEqual(tokensOf(first));
  });

  it.each(['jwt', 'opaque'] as const)('a consumer key with a single %s ends the one before', async (tokenType) => {
    const key = await makeKey(org, { grantTypes, tokenType, accessTokenPolicy: 'single' });
    const tokens = [await assert(key), await assert(key)].map(({ body }) => body.access_token as string);
    const alive = () => Promise.all(tokens.map((token) => isActive(token, key)));
    expect(await alive()).toEqual([false, true]);
    const { body } = await key.signIn(user);
    expect([...(await alive()), await isActive(body.access_token, key)]).toEqual([false, false, true]);
  });

  it('with new each makes its own and ends none', async () => {
    const key = await makeKey(org, { grantTypes });
    const tokens = [await assert(key), await assert(key)].map(({ body }) => body.access_token as string);
    for (const token of tokens) expect(await isActive(token, key)).toBe(true);
  });
});
