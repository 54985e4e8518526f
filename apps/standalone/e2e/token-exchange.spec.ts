import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expectError } from './support/answers';
import { dpopKey } from './support/dpop';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';
import { introspect, isActive } from './support/tokens';

const keyward = deployment();
const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TYPE = 'urn:ietf:params:oauth:token-type:';
const ACCESS = `${TYPE}access_token`;

let org: string;
let issuer: string;
let user: TestUser;
/** Whom users sign in at, and services behind it. */
let app: TestKey;
let service: TestKey;
let opaque: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  const grantTypes = [GRANT, 'client_credentials', 'refresh_token'];
  [user, app, service, opaque] = await Promise.all([
    makeUser(org),
    makeKey(org),
    makeKey(org, { grantTypes }),
    makeKey(org, { grantTypes, tokenType: 'opaque' }),
  ]);
});

const signIn = async (by = app): Promise<{ access_token: string; refresh_token: string }> =>
  (await by.signIn(user)).body;
const exchange = (subject_token: string, more: Record<string, string> = {}, by = service): Promise<Answer> =>
  by.token({ grant_type: GRANT, subject_token, subject_token_type: ACCESS, ...more });
const exchanged = async (subject: string, by = service): Promise<string> => {
  const { status, body, text } = await exchange(subject, {}, by);
  if (status !== 200) throw new Error(text);
  return body.access_token as string;
};

it('TX-04 TX-05 gives a token of the same user, which says who acts, and no refresh token', async () => {
  const { access_token: subject } = await signIn();
  const { status, body, headers } = await exchange(subject);
  expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
  expect(body).toEqual({
    access_token: expect.any(String),
    issued_token_type: ACCESS,
    token_type: 'Bearer',
    scope: 'default',
    expires_in: expect.any(Number),
  });
  const claims = decodeJwt(body.access_token as string);
  const before = decodeJwt(subject);
  expect(claims).toMatchObject({
    sub: user.id,
    client_id: service.consumerKey,
    iss: issuer,
    auth_time: before['auth_time'],
  });
  expect(claims['act']).toEqual({ sub: service.consumerKey, client_id: service.consumerKey });
  expect(claims.exp).toBeLessThanOrEqual(before.exp ?? 0);
});

it('IN-08 tells at introspection who acts, of opaque tokens as well', async () => {
  const { access_token: subject } = await signIn();
  for (const by of [service, opaque])
    expect((await introspect(await exchanged(subject, by), app)).body).toMatchObject({
      ...{ active: true, sub: user.id, username: user.username, client_id: by.consumerKey },
      act: { sub: by.consumerKey, client_id: by.consumerKey },
    });
});

it('TX-05 lets no exchanged token outlive the other', async () => {
  const short = await makeKey(org, { accessTokenLifetime: 60 });
  const { body } = await exchange((await signIn(short)).access_token);
  expect(body.expires_in).toBeLessThanOrEqual(60);
});

it('TX-05 records the chain of those who act, three at most', async () => {
  const first = await exchanged((await signIn()).access_token);
  const second = await exchanged(first, opaque);
  const third = await exchanged(second);
  const [a, b] = [service, opaque].map(({ consumerKey }) => ({ sub: consumerKey, client_id: consumerKey }));
  expect(decodeJwt(third)['act']).toEqual({ ...a, act: { ...b, act: a } });
  expectError(await exchange(third, {}, opaque), 'invalid_request');
});

it('TX-05 names the actor whose token is given', async () => {
  const actor = (await service.token({ grant_type: 'client_credentials' })).body.access_token as string;
  const { access_token: subject } = await signIn();
  const { body } = await exchange(subject, { actor_token: actor, actor_token_type: ACCESS }, opaque);
  expect((await introspect(body.access_token as string, app)).body.act).toEqual({
    ...{ sub: service.consumerKey, client_id: service.consumerKey },
  });
});

it('RO-10 TX-02 takes tokens of another organization’s users for a client alone that may have such users', async () => {
  const foreign = await makeUser(await makeOrganization());
  const grantTypes = ['password', GRANT];
  const [multi, behind] = await Promise.all([1, 2].map(() => makeKey(org, { grantTypes, multiOrganization: true })));
  const { body } = await multi!.signIn(foreign);
  const subject = body.access_token as string;
  expectError(await exchange(subject), 'invalid_request');
  const { status, body: given } = await exchange(subject, {}, behind);
  expect([status, await isActive(given.access_token as string, behind!)]).toEqual([200, true]);
});

it('TX-05 lets none but the client act for a user that the client of the user’s token has named', async () => {
  const careful = await makeKey(org, { mayAct: service.consumerKey });
  const token = async () => (await signIn(careful)).access_token;
  const subject = await token();
  const named = { sub: service.consumerKey, client_id: service.consumerKey };
  expect(decodeJwt(subject)['may_act']).toEqual(named);
  expect((await introspect(subject, app)).body.may_act).toEqual(named);
  expect((await exchange(subject)).status).toBe(200);
  expectError(await exchange(subject, {}, opaque), 'invalid_request');
  // Whoever sends it, it is the actor that counts.
  const own = async (by: TestKey) => ({
    actor_token: (await by.token({ grant_type: 'client_credentials' })).body.access_token as string,
    actor_token_type: ACCESS,
  });
  expect((await exchange(subject, await own(service), opaque)).status).toBe(200);
  expectError(await exchange(subject, await own(opaque)), 'invalid_request');
  const usersToken = (await signIn(app)).access_token;
  expectError(await exchange(subject, { actor_token: usersToken, actor_token_type: ACCESS }), 'invalid_request');

  const path = `/${org}/keys/${careful.consumerKey}`;
  expect(
    (await keyward.cliJson('keys', 'update', careful.consumerKey, '--may-act', '', '--org', org)).mayAct,
  ).toBeNull();
  await eventually(async () => decodeJwt(await token())['may_act'] === undefined);
  expect((await exchange(await token(), {}, opaque)).status).toBe(200);
  expect((await manage('PATCH', path, { mayAct: opaque.consumerKey })).mayAct).toBe(opaque.consumerKey);
});

it('TX-05 widens no scope', async () => {
  const { access_token: subject } = await signIn();
  expect((await exchange(subject, { scope: 'default more keyward:manage' })).body.scope).toBe('default');
});

it('DP-02 gives for a token that is bound to a key only one that is bound as well', async () => {
  const [theirs, mine] = [await dpopKey(), await dpopKey()];
  const form = { grant_type: 'password', username: user.loginName, password: user.password };
  const { access_token: bound } = (await theirs.send('/token', { form, basic: app.basic })).body;
  expectError(await exchange(bound as string), 'invalid_request');
  const { access_token: free } = await signIn();
  const as = { actor_token: bound as string, actor_token_type: ACCESS };
  expectError(await exchange(free, as), 'invalid_request');

  const asked = { grant_type: GRANT, subject_token: bound as string, subject_token_type: ACCESS };
  const { status, body } = await mine.send('/token', { form: asked, basic: service.basic });
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  expect(decodeJwt(body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });
});

it('TX-01 wants the parameters that belong together', async () => {
  const { access_token: subject_token } = await signIn();
  const typed = { subject_token_type: ACCESS };
  const forms: Record<string, string>[] = [
    {},
    { subject_token },
    typed,
    { subject_token, subject_token_type: `${TYPE}refresh_token` },
    { subject_token, subject_token_type: `${TYPE}id_token` },
    { subject_token, ...typed, actor_token: subject_token },
    { subject_token, ...typed, actor_token_type: ACCESS },
    { subject_token, ...typed, requested_token_type: `${TYPE}refresh_token` },
  ];
  for (const form of forms) expectError(await service.token({ grant_type: GRANT, ...form }), 'invalid_request');
});

it('TX-02 is invalid_request for a token that is not good, whatever is wrong', async () => {
  const { access_token: subject, refresh_token: refreshToken } = await signIn();
  const there = await makeOrganization();
  const foreign = (await (await makeKey(there)).signIn(await makeUser(there))).body.access_token as string;
  const own = (await service.token({ grant_type: 'client_credentials' })).body.access_token as string;
  const revoked = (await signIn()).access_token;
  await keyward.send('/revoke', { form: { token: revoked }, basic: app.basic });
  for (const token of ['x', 'e30.e30.e30', refreshToken, foreign, revoked, own, `${subject}x`, subject.slice(0, -2)]) {
    expectError(await exchange(token), 'invalid_request');
    expectError(
      await exchange(subject, { actor_token: token === own ? 'x' : token, actor_token_type: ACCESS }),
      'invalid_request',
    );
  }
});

it('TX-03 is invalid_target for what is not the organization’s API', async () => {
  const { access_token: subject } = await signIn();
  for (const target of ['https://elsewhere.example', `${issuer}/other`, 'x'])
    for (const name of ['audience', 'resource'])
      expectError(await exchange(subject, { [name]: target }), 'invalid_target');
  const form: [string, string][] = [
    ...Object.entries({ grant_type: GRANT, subject_token: subject, subject_token_type: ACCESS }),
    ['audience', `${issuer}/api`],
  ];
  expect((await keyward.send('/token', { form, basic: service.basic })).status).toBe(200);
  form.splice(-1, 0, ['audience', 'https://elsewhere.example']);
  expectError(await keyward.send('/token', { form, basic: service.basic }), 'invalid_target');
});

it('TX-05 is off for a consumer key until it is allowed, and never for a public client', async () => {
  const { access_token: subject } = await signIn();
  expectError(await exchange(subject, {}, app), 'unauthorized_client');
  const open = await makeKey(org, { public: true, grantTypes: [GRANT, 'refresh_token'] });
  const form = { grant_type: GRANT, subject_token: subject, subject_token_type: ACCESS, client_id: open.consumerKey };
  expectError(await keyward.send('/token', { form }), 'unauthorized_client');
  await manage('PATCH', `/${org}/keys/${app.consumerKey}`, {
    grantTypes: ['password', 'refresh_token', 'client_credentials', GRANT],
  });
  await eventually(async () => (await exchange(subject, {}, app)).status === 200);
});

it('RV-07 the end of the grant is the end of what was exchanged', async () => {
  const { access_token: subject, refresh_token: token } = await signIn();
  const got = await exchanged(subject);
  expect(await isActive(got, app)).toBe(true);
  await keyward.send('/revoke', { form: { token }, basic: app.basic });
  expect(await isActive(got, app)).toBe(false);
});

it('TX-04 openid-client exchanges', async () => {
  const dispatcher = new Agent({ connect: { ca: keyward.ca } });
  const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
  const config = await openid.discovery(
    new URL(issuer),
    service.consumerKey,
    undefined,
    openid.ClientSecretBasic(service.consumerSecret),
    { [openid.customFetch]: trusting },
  );
  const { access_token: subject_token } = await signIn();
  const got = await openid.genericGrantRequest(config, GRANT, { subject_token, subject_token_type: ACCESS });
  expect(got['issued_token_type']).toBe(ACCESS);
  expect(await openid.tokenIntrospection(config, got.access_token)).toMatchObject({ active: true, sub: user.id });
  await dispatcher.close();
});
