import { deployment, type Answer } from '@keyward/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();

let org: string;
let key: TestKey;
let john: TestUser;

beforeAll(async () => {
  org = await makeOrganization();
  [key, john] = await Promise.all([makeKey(org), makeUser(org, 'john@johns.org')]);
});

const claimsOf = (answer: Answer) => decodeJwt(answer.body.access_token as string);

it('AT-01 RO-07 is a JWT of the organization’s issuer that its published keys verify', async () => {
  const before = Math.floor(Date.now() / 1000);
  const { body } = await key.signIn(john);
  const issuer = keyward.demo.issuer.replace(/[^/]*$/, org);
  const keys = (await keyward.send(`/t/${org}/jwks`)).body;
  const { payload, protectedHeader } = await jwtVerify(body.access_token, createLocalJWKSet(keys), {
    issuer,
    audience: `${issuer}/api`,
    typ: 'at+jwt',
    algorithms: ['ES256'],
  });
  expect(Object.keys(protectedHeader).sort()).toEqual(['alg', 'kid', 'typ']);
  expect(payload).toEqual({
    iss: issuer,
    sub: john.id,
    aud: `${issuer}/api`,
    org,
    client_id: key.consumerKey,
    scope: 'default',
    jti: expect.any(String),
    iat: expect.any(Number),
    exp: (payload.iat ?? 0) + 3600,
    auth_time: expect.any(Number),
    amr: ['pwd'],
    acr: 'urn:keyward:acr:password',
  });
  for (const time of [payload.iat, payload['auth_time']]) {
    expect(time).toBeGreaterThanOrEqual(before - 1);
    expect(time).toBeLessThanOrEqual(Date.now() / 1000 + 1);
  }
});

it('AT-01 another organization’s keys do not verify it', async () => {
  const token = (await key.signIn(john)).body.access_token as string;
  const others = createLocalJWKSet((await keyward.send(`/t/${await makeOrganization()}/jwks`)).body);
  await expect(jwtVerify(token, others)).rejects.toMatchObject({ code: 'ERR_JWKS_NO_MATCHING_KEY' });
  const { keys } = (await keyward.send('/jwks')).body as { keys: { kid: string }[] };
  expect(keys.map(({ kid }) => kid)).not.toContain(decodeProtectedHeader(token).kid);
});

it('AT-01 is never given twice', async () => {
  const answers = await Promise.all(Array.from({ length: 10 }, () => key.signIn(john)));
  expect(new Set(answers.map((answer) => claimsOf(answer).jti)).size).toBe(10);
  expect(new Set(answers.map(({ body }) => body.refresh_token as string)).size).toBe(10);
});

it('RO-07 has no management scope, whoever asks through an organization’s application', async () => {
  const { username, password } = keyward.demo.admin;
  const rootKey = await makeKey('root', { multiOrganization: true });
  for (const [by, name] of [
    [rootKey, username],
    [await makeKey(org, { multiOrganization: true }), `${username}@root`],
  ] as const) {
    const answer = await by.signIn({ loginName: name, password }, { scope: 'keyward:manage default' });
    expect([answer.status, answer.body.scope]).toEqual([200, 'default']);
    const refused = await keyward.send('/api/v1/organizations', { bearer: answer.body.access_token });
    expect([401, 403]).toContain(refused.status);
  }
  await manage('DELETE', `/root/applications/${rootKey.application}`);
});

it('AT-01 is opaque where the consumer key says so, and says the same to introspection', async () => {
  const opaque = await makeKey(org, { tokenType: 'opaque' });
  const { status, body } = await opaque.signIn(john);
  expect(status).toBe(200);
  expect(body.access_token).toMatch(/^kat_[A-Za-z0-9_-]{72}$/);
  const introspect = (token: string, by: TestKey) => keyward.send('/introspect', { form: { token }, basic: by.basic });
  const expected = { active: true, sub: john.id, client_id: opaque.consumerKey, org, scope: 'default', amr: ['pwd'] };
  expect((await introspect(body.access_token, opaque)).body).toMatchObject(expected);
  const jwt = (await introspect((await key.signIn(john)).body.access_token, key)).body;
  expect(jwt).toMatchObject({ ...expected, client_id: key.consumerKey });
  expect(Object.keys((await introspect(body.access_token, opaque)).body).sort()).toEqual(Object.keys(jwt).sort());
});

it('lives as long as the consumer key says, and so does its refresh token', async () => {
  const brief = await makeKey(org, { accessTokenLifetime: 120, refreshTokenLifetime: 600 });
  const { body } = await brief.signIn(john);
  const { iat = 0, exp } = decodeJwt(body.access_token);
  expect([body.expires_in, exp]).toEqual([120, iat + 120]);
  const introspected = await keyward.send('/introspect', { form: { token: body.refresh_token }, basic: brief.basic });
  expect(introspected.body.exp - introspected.body.iat).toBe(600);
  expect((await brief.token({ grant_type: 'client_credentials' })).body.expires_in).toBe(120);

  await manage('PATCH', `/${org}/keys/${brief.consumerKey}`, { accessTokenLifetime: null });
  await eventually(async () => (await brief.signIn(john)).body.expires_in === 3600);
  for (const accessTokenLifetime of [59, 86_401, 1.5])
    await expect(makeKey(org, { accessTokenLifetime })).rejects.toThrow(': 400 ');
});

it('comes without a refresh token where the consumer key may not refresh', async () => {
  const without = await makeKey(org, { grantTypes: ['password'] });
  const { status, body } = await without.signIn(john);
  expect(status).toBe(200);
  expect(body).not.toHaveProperty('refresh_token');
});
