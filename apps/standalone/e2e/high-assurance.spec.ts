import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import { assertionOf, now, pairOf, signed } from './support/assertion';
import { answerOf, authorizationUrl, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { dpopKey, type DpopKey } from './support/dpop';
import { answerDevice, DEVICE_CODE, type Waiting } from './support/device';
import { ask, expectProblem } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const CLIENT = { grant_type: 'client_credentials' };

let org: string;
let issuer: string;
let secret: TestKey;
let spa: TestKey;
let mine: DpopKey;
/** The assertion of a client with a key of its own, a new one each time. */
let asserted: () => Promise<Record<string, string>>;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  const pair = await pairOf();
  const settings = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [pair.jwk] } };
  const [own, others] = await Promise.all([makeKey(org, settings), makeKey(org)]);
  asserted = () => assertionOf(own.consumerKey, issuer, pair);
  secret = others;
  spa = await makeKey(org, { public: true, redirectUris: [REDIRECT_URI] });
  mine = await dpopKey();
});

const token = async (more: object, headers: Record<string, string> = {}) =>
  keyward.send('/token', { form: { ...CLIENT, ...more }, headers });
const proof = async () => ({ dpop: await mine.proof('POST', '/token') });

it('DP-02 CA-21 an organization of high assurance takes clients with keys of their own, and binds every token', async () => {
  expect((await secret.token(CLIENT)).status).toBe(200);
  const before = (await secret.token(CLIENT)).body.access_token as string;
  await keyward.cliJson('orgs', 'update', org, '--high-assurance', 'on');
  await eventually(async () => (await secret.token(CLIENT)).status === 400);

  expectError(await secret.token(CLIENT), 'unauthorized_client');
  expectError(
    await token({ client_id: secret.consumerKey, client_secret: secret.consumerSecret }, await proof()),
    'unauthorized_client',
  );
  expectError(
    await keyward.send('/introspect', { form: { token: before }, basic: secret.basic }),
    'unauthorized_client',
  );
  // A wrong secret is answered as before: who has none learns nothing of it.
  expectError(await keyward.send('/token', { form: CLIENT, basic: [secret.consumerKey, 'wrong'] }), 'invalid_client');

  expectError(await token(await asserted()), 'invalid_request');
  const { status, body } = await token(await asserted(), await proof());
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  expect(decodeJwt(body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });

  expectError(
    await token({ grant_type: 'refresh_token', refresh_token: 'x', client_id: spa.consumerKey }, await proof()),
    'unauthorized_client',
  );
  // ASVS 5.0 10.4.13: what is asked for is neither in a browser's address nor its user's to change.
  const asked = authorizationUrl(org, { client_id: spa.consumerKey, code_challenge: pkce().challenge });
  const answer = answerOf(await new Visitor().get(asked));
  expect(answer).toMatchObject({ error: 'invalid_request', error_description: expect.stringContaining('pushed') });

  await manage('PATCH', `/${org}`, { highAssurance: false });
  await eventually(async () => (await secret.token(CLIENT)).status === 200);
});

it('DP-02 a client can be held to DPoP by itself', async () => {
  const bound = await makeKey(org, { tokenBinding: 'dpop' });
  expectError(await bound.token(CLIENT), 'invalid_dpop_proof');
  const answer = await mine.send('/token', { form: CLIENT, basic: bound.basic });
  expect(answer.body.token_type).toBe('DPoP');
  const updated = await manage('PATCH', `/${org}/keys/${bound.consumerKey}`, { tokenBinding: 'none' });
  expect(updated.tokenBinding).toBe('none');
  await eventually(async () => (await bound.token(CLIENT)).status === 200);
});

it('the operator’s organization has a client with a secret, and keeps it', async () => {
  expectProblem(await ask('PATCH', '/root', { highAssurance: true }), 'invalid_request', 400);
});

describe('the discovery of an organization of high assurance', () => {
  const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
  const BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const ENDPOINTS = {
    token: { path: '/token', form: CLIENT },
    revocation: { path: '/revoke', form: { token: 'x' } },
    introspection: { path: '/introspect', form: { token: 'x' } },
  };
  let strict: string;
  let its: string;
  let user: TestUser;
  /** Made while it was an ordinary one. */
  let old: { secret: TestKey; open: TestKey };
  let prove: () => Promise<Record<string, string>>;

  const metadata = async () =>
    (await keyward.send(`/t/${strict}/.well-known/openid-configuration`)).body as Record<string, string[]>;
  const issued = async (form: Record<string, string>) =>
    keyward.send('/token', { form: { ...form, ...(await prove()) }, headers: await proof() });
  const password = () =>
    issued({ grant_type: 'password', username: user.loginName, password: user.password, scope: 'openid' });

  beforeAll(async () => {
    strict = await makeOrganization();
    const [secretly, open] = [makeKey(strict), makeKey(strict, { public: true, redirectUris: [REDIRECT_URI] })];
    old = { secret: await secretly, open: await open };
    user = await makeUser(strict);
    await manage('PATCH', `/${strict}`, { highAssurance: true });
    await eventually(async () => (await metadata())['require_pushed_authorization_requests'] as unknown as boolean);
    its = String((await metadata())['issuer']);
    const [pair, grantTypes] = [await pairOf(), (await metadata())['grant_types_supported']];
    const jwks = { keys: [pair.jwk] };
    const settings = { tokenEndpointAuthMethod: 'private_key_jwt', jwks, grantTypes, redirectUris: [REDIRECT_URI] };
    const { consumerKey } = await makeKey(strict, settings);
    prove = async () => ({ client_id: consumerKey, ...(await assertionOf(consumerKey, its, pair)) });
  });

  it.each(Object.keys(ENDPOINTS) as (keyof typeof ENDPOINTS)[])(
    'DS-06 lists for the %s endpoint the one authentication that it takes',
    async (name) => {
      const { path, form } = ENDPOINTS[name];
      expect((await metadata())[`${name}_endpoint_auth_methods_supported`]).toEqual(['private_key_jwt']);
      const sent = { form: { ...form, ...(await prove()) }, headers: name === 'token' ? await proof() : {} };
      expect((await keyward.send(path, sent)).status).toBe(200);
      const { consumerKey: client_id, consumerSecret: client_secret, basic } = old.secret;
      expectError(await keyward.send(path, { form, basic }), 'unauthorized_client');
      expectError(await keyward.send(path, { form: { ...form, client_id, client_secret } }), 'unauthorized_client');
      const none = { ...form, client_id: old.open.consumerKey };
      expectError(await keyward.send(path, { form: none }), 'unauthorized_client');
    },
  );

  /** How a token comes of each grant that it lists. */
  const GRANTS: Record<string, () => Promise<Answer>> = {
    password,
    client_credentials: () => issued(CLIENT),
    refresh_token: async () =>
      issued({ grant_type: 'refresh_token', refresh_token: String((await password()).body.refresh_token) }),
    authorization_code: async () => {
      const { verifier: code_verifier, challenge: code_challenge } = pkce();
      const form = { response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge, code_challenge_method: 'S256' };
      const { pushed_authorization_request_endpoint: endpoint } = await metadata();
      const { body } = await keyward.send(String(endpoint), { form: { ...form, ...(await prove()) } });
      const { client_id = '' } = await prove();
      const asked = new URLSearchParams({ client_id, request_uri: String(body.request_uri) });
      const visitor = new Visitor();
      const page = await visitor.get(`/t/${strict}/authorize?${asked.toString()}`);
      const { code = '' } = answerOf(await visitor.signIn(page, user));
      return issued({ grant_type: 'authorization_code', code, code_verifier, redirect_uri: REDIRECT_URI });
    },
    [EXCHANGE]: async () => {
      const subject_token = String((await password()).body.access_token);
      const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token';
      return issued({ grant_type: EXCHANGE, subject_token, subject_token_type });
    },
    [BEARER]: async () => {
      const [pair, iss] = [await pairOf(), `https://${unique('hr')}.example`];
      const trusted = { name: unique('hr'), issuer: iss, jwks: { keys: [pair.jwk] } };
      await manage('POST', `/${strict}/trusted-issuers`, { ...trusted, users: [{ subject: '1', userId: user.id }] });
      const claims = { iss, sub: '1', aud: its, jti: unique('jti'), exp: now() + 60 };
      return issued({ grant_type: BEARER, assertion: await signed(claims, pair) });
    },
    [DEVICE_CODE]: async () => {
      const { device_authorization_endpoint: endpoint } = await metadata();
      const waiting = (await keyward.send(String(endpoint), { form: await prove() })).body as Waiting;
      await answerDevice(waiting, user);
      return issued({ grant_type: DEVICE_CODE, device_code: waiting.device_code });
    },
  };

  it('DS-06 lists the grants that get a token', async () => {
    expect((await metadata())['grant_types_supported']).toEqual(Object.keys(GRANTS));
    for (const [name, grant] of Object.entries(GRANTS)) {
      const { status, body } = await grant();
      expect([name, status, body.token_type]).toEqual([name, 200, 'DPoP']);
    }
  });

  it('DS-06 is told by the rest of its endpoints', async () => {
    const { userinfo_endpoint: info, jwks_uri: keys, end_session_endpoint: end } = await metadata();
    const token = String((await password()).body.access_token);
    expect((await mine.send(String(info), { token })).body.sub).toBe(user.id);
    for (const url of [keys, end]) expect((await keyward.send(String(url))).status).toBe(200);
  });

  it('DS-06 CA-21 no client is made there that could get no token', async () => {
    const name = unique('app');
    await manage('POST', `/${strict}/applications`, { name });
    const keys = `/${strict}/applications/${name}/keys`;
    for (const refused of [
      {},
      { tokenEndpointAuthMethod: 'client_secret_post' },
      { public: true },
      { consumerKey: unique('imported'), consumerSecret: 'ksdSdoefDDP7wpaElfqvmjDue' },
    ]) {
      const answer = await ask('POST', keys, { kind: 'production', ...refused });
      expectProblem(answer, 'invalid_request', 400);
      expect(answer.body.detail).toContain('private_key_jwt');
    }
    expect((await manage('GET', keys)).items).toEqual([]);

    const { consumerKey } = old.secret;
    expectProblem(
      await ask('PATCH', `/${strict}/keys/${consumerKey}`, { tokenEndpointAuthMethod: 'client_secret_post' }),
      'invalid_request',
      400,
    );
    // What is there already is changed in everything else, and becomes one that may have tokens.
    const changed = await manage('PATCH', `/${strict}/keys/${consumerKey}`, { accessTokenLifetime: 60 });
    expect(changed.accessTokenLifetime).toBe(60);
    const pair = await pairOf();
    const moved = { tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [pair.jwk] } };
    await manage('PATCH', `/${strict}/keys/${consumerKey}`, moved);
    await eventually(async () => {
      const form = { ...CLIENT, ...(await assertionOf(consumerKey, its, pair)) };
      return (await keyward.send('/token', { form, headers: await proof() })).status === 200;
    });
  });
});
