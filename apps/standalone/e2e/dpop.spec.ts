import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import * as openid from 'openid-client';
import * as oauth from 'oauth4webapi';
import { Agent, fetch as undiciFetch } from 'undici';
import { expectError } from './support/answers';
import { codeFor, REDIRECT_URI } from './support/browser';
import { dpopKey, type DpopKey } from './support/dpop';
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
import { introspect, isActive, revoke } from './support/tokens';
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();

let org: string;
let issuer: string;
let user: TestUser;
let key: TestKey;
let opaque: TestKey;
let spa: TestKey;
let mine: DpopKey;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  [user, key, opaque, spa, mine] = await Promise.all([
    makeUser(org),
    makeKey(org),
    makeKey(org, { tokenType: 'opaque' }),
    makeKey(org, { public: true, redirectUris: [REDIRECT_URI] }),
    dpopKey(),
  ]);
});

const own = { grant_type: 'client_credentials' };
const password = () => ({ grant_type: 'password', username: user.loginName, password: user.password });
const bound = async (by = key, form: Record<string, string> = own, holder = mine) =>
  holder.send('/token', { form, basic: by.basic });
/** As the client without a secret. */
const asSpa = (form: Record<string, string>, holder?: DpopKey) => {
  const its = { ...form, client_id: spa.consumerKey };
  return holder ? holder.send('/token', { form: its }) : keyward.send('/token', { form: its });
};

it('DP-02 a token that is asked for with a proof is bound to its key, of every grant', async () => {
  const { status, body } = await bound(key, password());
  expect([status, body.token_type]).toEqual([200, 'DPoP']);
  expect(decodeJwt(body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });
  const again = await bound(key, { grant_type: 'refresh_token', refresh_token: body.refresh_token });
  expect(decodeJwt(again.body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });
  expect(decodeJwt((await bound()).body.access_token as string)['cnf']).toEqual({ jkt: mine.jkt });
  expect((await key.token(own)).body.token_type).toBe('Bearer');
});

it('DP-02 IN-08 introspection tells the key, of JWTs and opaque tokens', async () => {
  for (const by of [key, opaque]) {
    const { body } = await bound(by);
    expect((await introspect(body.access_token as string, key)).body).toMatchObject({
      ...{ active: true, token_type: 'DPoP', cnf: { jkt: mine.jkt } },
    });
    expect((await revoke(body.access_token as string, by)).status).toBe(200);
    expect(await isActive(body.access_token as string, key)).toBe(false);
  }
});

it('DP-01 of eight that send one proof at the same time, one gets a token', async () => {
  const dpop = await mine.proof('POST', '/token');
  const send = () => keyward.send('/token', { form: own, basic: key.basic, headers: { dpop } });
  const answers = await Promise.all(Array.from({ length: 8 }, send));
  expect(answers.map(({ status, body }) => [status, body.error]).sort()).toEqual([
    [200, undefined],
    ...Array.from({ length: 7 }, () => [400, 'invalid_dpop_proof']),
  ]);
});

it('DP-01 a proof for the root’s token endpoint is used up there for the clients of every organization', async () => {
  const [dpop, foreign] = [await mine.proof('POST', '/token'), await makeKey(await makeOrganization())];
  const send = (by: TestKey) => keyward.send('/token', { form: own, basic: by.basic, headers: { dpop } });
  expect((await send(key)).status).toBe(200);
  expectError(await send(foreign), 'invalid_dpop_proof');
});

it('DP-01 a proof that is not right is refused at each path, and nothing is used up', async () => {
  const { refresh_token } = (await key.signIn(user)).body as { refresh_token: string };
  const form = { grant_type: 'refresh_token', refresh_token };
  for (const path of ['/token', '/oauth2/token', `/t/${org}/token`, `/t/${org}/oauth2/token`]) {
    const elsewhere = await mine.proof('POST', `${path}/x`);
    expectError(await mine.send(path, { form, basic: key.basic, headers: { dpop: elsewhere } }), 'invalid_dpop_proof');
    expect((await mine.send(path, { form: own, basic: key.basic })).status).toBe(200);
  }
  expect((await mine.send('/token', { form, basic: key.basic })).status).toBe(200);
});

it('DP-01 TE-04 whoever is no client uses up no proof', async () => {
  const dpop = await mine.proof('POST', '/token');
  const send = (basic: [string, string]) => keyward.send('/token', { form: own, basic, headers: { dpop } });
  expectError(await send([key.consumerKey, 'wrong']), 'invalid_client');
  expect((await send(key.basic)).status).toBe(200);
});

describe('RT-13 the refresh token of a client without a secret', () => {
  const begin = async (holder?: DpopKey) => asSpa(await codeFor(org, spa, user), holder);
  const refresh = (refresh_token: string, holder?: DpopKey) =>
    asSpa({ grant_type: 'refresh_token', refresh_token }, holder);

  it('is bound to its key: neither without nor with another is it used, or used up', async () => {
    const { body } = await begin(mine);
    const other = await dpopKey();
    for (const holder of [undefined, other, undefined])
      expectError(await refresh(body.refresh_token as string, holder), 'invalid_grant');
    const next = await refresh(body.refresh_token as string, mine);
    expect([next.status, next.body.token_type]).toEqual([200, 'DPoP']);
    expectError(await refresh(next.body.refresh_token as string), 'invalid_grant');
    expect((await refresh(next.body.refresh_token as string, mine)).status).toBe(200);
  });

  it('is not bound when it was begun without one, and can be used with one', async () => {
    const { body } = await begin();
    const next = await refresh(body.refresh_token as string, mine);
    expect([next.status, next.body.token_type]).toEqual([200, 'DPoP']);
    expect((await refresh(next.body.refresh_token as string)).body.token_type).toBe('Bearer');
  });

  it('RT-04 abuse 13 is still found out when it is used again', async () => {
    const first = (await begin(mine)).body.refresh_token as string;
    const second = (await refresh(first, mine)).body.refresh_token as string;
    const third = (await refresh(second, mine)).body.refresh_token as string;
    expectError(await refresh(first, mine), 'invalid_grant');
    expectError(await refresh(third, mine), 'invalid_grant');
  });

  it('of a client that proves itself it goes with any key', async () => {
    const { refresh_token } = (await bound(key, password())).body as { refresh_token: string };
    const other = await dpopKey();
    const { status, body } = await bound(key, { grant_type: 'refresh_token', refresh_token }, other);
    expect([status, decodeJwt(body.access_token as string)['cnf']]).toEqual([200, { jkt: other.jkt }]);
  });
});

describe('DP-02 Keyward’s own resources', () => {
  it('OC-05 UserInfo takes a bound token with its proof alone', async () => {
    const { access_token: token } = (await bound(key, { ...password(), scope: 'openid' })).body as {
      access_token: string;
    };
    const path = `/t/${org}/userinfo`;
    expect((await mine.send(path, { token })).body.sub).toBe(user.id);
    expect((await mine.send(path, { token, method: 'POST' })).body.sub).toBe(user.id);
    const asBearer = await keyward.send(path, { bearer: token });
    expect([asBearer.status, asBearer.body.error]).toEqual([401, 'invalid_token']);
    const others = await (await dpopKey()).send(path, { token });
    expect([others.status, others.body.error]).toEqual([401, 'invalid_token']);
    const dpop = await mine.proof('GET', path, { token });
    expect((await mine.send(path, { token, headers: { dpop } })).status).toBe(200);
    const replayed = await mine.send(path, { token, headers: { dpop } });
    expect([replayed.status, replayed.body.error]).toEqual([401, 'invalid_dpop_proof']);
    expect(replayed.headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_dpop_proof".*algs="ES256/);
    const { access_token: unbound } = (await key.signIn(user, { scope: 'openid' })).body;
    expect((await mine.send(path, { token: unbound })).status).toBe(401);
  });

  it('the management API as well', async () => {
    const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
    const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
    const { body } = await mine.send('/token', { form, basic: [consumerKey, consumerSecret] });
    const token = body.access_token as string;
    const path = '/api/v1/organizations';
    expect((await mine.send(path, { token })).status).toBe(200);
    expect((await keyward.send(path, { bearer: token })).status).toBe(401);
    const dpop = await mine.proof('GET', `${path}/x`, { token });
    const refused = await mine.send(path, { token, headers: { dpop } });
    expect([refused.status, refused.body.code]).toEqual([401, 'invalid_dpop_proof']);
    expect(refused.headers['www-authenticate']).toMatch(/^DPoP .*error="invalid_dpop_proof"/);
  });

  it('DP-01 the management API asks for a nonce where the operator’s organization wants one', async () => {
    const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
    const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
    const token = (await mine.send('/token', { form, basic: [consumerKey, consumerSecret] })).body
      .access_token as string;
    const path = '/api/v1/organizations';
    const ask = async (nonce?: string) => {
      const dpop = await mine.proof('GET', path, { token, claims: { nonce } });
      return mine.send(path, { token, headers: { dpop } });
    };
    await manage('PATCH', '/root', { dpopNonce: true });
    try {
      await eventually(async () => (await ask()).status === 401);
      const { body, headers } = await ask();
      expect(body).toMatchObject({ status: 401, code: 'use_dpop_nonce' });
      expect(headers['www-authenticate']).toMatch(/^DPoP .*error="use_dpop_nonce".*algs="ES256/);
      expect((await ask(headers['dpop-nonce'])).status).toBe(200);
    } finally {
      await manage('PATCH', '/root', { dpopNonce: false });
    }
    await eventually(async () => (await ask()).status === 200);
  });
});

describe('DP-02 an API behind the gateway', () => {
  let upstream: Upstream;
  let path: string;

  beforeAll(async () => {
    upstream = await startUpstream((_, response) => response.setHeader('content-type', 'application/json').end('{}'));
    const name = unique('api');
    await manage('POST', `/${org}/apis`, {
      ...{ name, version: '1.0', context: `/${name}`, subscriptionRequired: false },
      upstreams: { production: upstream.url },
      resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: [] }],
    });
    await manage('POST', `/${org}/apis/${name}/state`, { state: 'PUBLISHED' });
    path = `/t/${org}/${name}/1.0/x`;
    const { access_token } = (await key.token(own)).body;
    await eventually(async () => (await keyward.send(path, { bearer: access_token })).status === 200);
  });
  afterAll(() => {
    upstream.close();
  });

  it.each(['jwt', 'opaque'])('takes a bound %s token with a new proof alone', async (type) => {
    const token = (await bound(type === 'jwt' ? key : opaque)).body.access_token as string;
    for (let n = 0; n < 2; n++) expect((await mine.send(path, { token })).status).toBe(200);
    expect((await keyward.send(path, { bearer: token })).status).toBe(401);
    expect((await (await dpopKey()).send(path, { token })).status).toBe(401);
    const dpop = await mine.proof('GET', path, { token });
    const replays = await Promise.all(Array.from({ length: 6 }, () => mine.send(path, { token, headers: { dpop } })));
    expect(replays.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401, 401, 401]);
  });
});

describe('foreign clients', () => {
  const dispatcher = new Agent({ connect: { ca: keyward.ca } });
  const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
  afterAll(() => dispatcher.close());

  it('DP-02 openid-client gets, refreshes and uses bound tokens', async () => {
    const { consumerKey, consumerSecret } = key;
    const config = await openid.discovery(new URL(issuer), consumerKey, consumerSecret, undefined, {
      [openid.customFetch]: trusting,
    });
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    const { loginName: username, password } = user;
    const scope = 'openid';
    const first = await openid.genericGrantRequest(config, 'password', { username, password, scope }, { DPoP });
    const second = await openid.refreshTokenGrant(config, first.refresh_token ?? '', {}, { DPoP });
    expect([first.token_type, second.token_type]).toEqual(['dpop', 'dpop']);
    const info = await openid.fetchUserInfo(config, second.access_token, user.id, { DPoP });
    expect(info.sub).toBe(user.id);
    await expect(openid.fetchUserInfo(config, second.access_token, user.id)).rejects.toThrow();
  });

  it('DP-02 oauth4webapi too, with a token of a client’s own', async () => {
    const options = { [oauth.customFetch]: trusting };
    const discovered = await oauth.discoveryRequest(new URL(issuer), options);
    const server = await oauth.processDiscoveryResponse(new URL(issuer), discovered);
    const client: oauth.Client = { client_id: key.consumerKey };
    const DPoP = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const authentication = oauth.ClientSecretBasic(key.consumerSecret);
    const answer = await oauth.clientCredentialsGrantRequest(server, client, authentication, new URLSearchParams(), {
      ...{ DPoP, ...options },
    });
    const { token_type } = await oauth.processClientCredentialsResponse(server, client, answer);
    expect(token_type).toBe('dpop');
  });
});
