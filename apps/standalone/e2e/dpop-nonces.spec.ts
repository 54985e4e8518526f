import { deployment, type Answer } from '@keyward/testing';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
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
import { startUpstream, type Upstream } from './support/upstream';

const keyward = deployment();
const FORM = { grant_type: 'client_credentials' };
const page = `https://${unique('page')}.example`;

let org: string;
let issuer: URL;
let key: TestKey;
let mine: DpopKey;

const ask = async (nonce?: string, by = key, holder = mine): Promise<Answer> => {
  const dpop = await holder.proof('POST', '/token', { claims: { nonce } });
  return holder.send('/token', { form: FORM, basic: by.basic, headers: { dpop, origin: page } });
};
const nonceOf = ({ headers }: Answer): string => headers['dpop-nonce'] ?? '';

/** An organization that wants nonces, and a client of it. */
async function wanting(): Promise<[string, TestKey]> {
  const wants = await makeOrganization();
  const its = await makeKey(wants, { allowedOrigins: [page], redirectUris: [REDIRECT_URI] });
  await manage('PATCH', `/${wants}`, { dpopNonce: true });
  await eventually(async () => (await ask(undefined, its)).status === 400);
  return [wants, its];
}

beforeAll(async () => {
  mine = await dpopKey();
  [org, key] = await wanting();
  issuer = new URL((await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string);
});

describe('where an organization wants nonces in DPoP proofs', () => {
  it('DP-01 X-09 a proof without one is told one, which then is taken', async () => {
    const refused = await ask();
    expectError(refused, 'use_dpop_nonce');
    expect(nonceOf(refused)).toMatch(/^[\w-]{32}$/);
    expect(refused.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': expect.stringContaining('DPoP-Nonce'),
    });
    const { status, body, headers } = await ask(nonceOf(refused));
    expect([status, body.token_type, headers['dpop-nonce']]).toEqual([200, 'DPoP', undefined]);
    expect((await ask(nonceOf(refused))).status).toBe(200);
  });

  it('DP-01 nothing else is: one of another organization, one made up, one of a wrong client', async () => {
    const [, other] = await wanting();
    expectError(await ask(nonceOf(await ask(undefined, other))), 'use_dpop_nonce');
    expectError(await ask('A'.repeat(32)), 'use_dpop_nonce');
    expectError(await ask('A'.repeat(257)), 'invalid_dpop_proof');
    const wrong = { ...key, basic: [key.consumerKey, 'wrong'] as [string, string] };
    const stranger = await ask(undefined, wrong);
    expectError(stranger, 'invalid_client');
    expect(stranger.headers['dpop-nonce']).toBeUndefined();
  });

  it('DP-01 a proof that is sent twice is still refused, and requests without one need none', async () => {
    const dpop = await mine.proof('POST', '/token', { claims: { nonce: nonceOf(await ask()) } });
    const send = () => mine.send('/token', { form: FORM, basic: key.basic, headers: { dpop } });
    expect((await send()).status).toBe(200);
    expectError(await send(), 'invalid_dpop_proof');
    expect((await key.token(FORM)).body.token_type).toBe('Bearer');
  });

  it('DP-01 openid-client and oauth4webapi ask again with it', async () => {
    const dispatcher = new Agent({ connect: { ca: keyward.ca } });
    const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
    const { consumerKey, consumerSecret } = key;
    const secret = openid.ClientSecretBasic(consumerSecret);
    const options = { [openid.customFetch]: trusting };
    const config = await openid.discovery(issuer, consumerKey, consumerSecret, secret, options);
    const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
    expect((await openid.clientCredentialsGrant(config, {}, { DPoP })).token_type).toBe('dpop');

    const http = { [oauth.customFetch]: trusting };
    const server = await oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, http));
    const client: oauth.Client = { client_id: consumerKey };
    const by = oauth.DPoP(client, await oauth.generateKeyPair('ES256'));
    const request = () =>
      oauth.clientCredentialsGrantRequest(
        server,
        client,
        oauth.ClientSecretBasic(consumerSecret),
        {},
        {
          ...{ DPoP: by, ...http },
        },
      );
    const first = await oauth
      .processClientCredentialsResponse(server, client, await request())
      .catch((e: unknown) => e);
    expect(oauth.isDPoPNonceError(first)).toBe(true);
    const second = await oauth.processClientCredentialsResponse(server, client, await request());
    expect(second.token_type).toBe('dpop');
    await dispatcher.close();
  });
});

describe('at resources', () => {
  let upstream: Upstream;
  let user: TestUser;
  let api: string;
  let path: string;

  beforeAll(async () => {
    user = await makeUser(org);
    upstream = await startUpstream((_, response) => response.setHeader('content-type', 'application/json').end('{}'));
    const name = unique('api');
    await manage('POST', `/${org}/apis`, {
      ...{ name, version: '1.0', context: `/${name}`, subscriptionRequired: false },
      upstreams: { production: upstream.url },
      resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: [] }],
    });
    await manage('POST', `/${org}/apis/${name}/state`, { state: 'PUBLISHED' });
    [api, path] = [`/t/${org}/${name}/1.0/x`, `/t/${org}/userinfo`];
    const { access_token } = (await key.token(FORM)).body;
    await eventually(async () => (await keyward.send(api, { bearer: access_token })).status === 200);
  });
  afterAll(() => upstream.close());

  const boundToken = async () => {
    const form = { grant_type: 'password', username: user.loginName, password: user.password, scope: 'openid' };
    const dpop = await mine.proof('POST', '/token', { claims: { nonce: nonceOf(await ask()) } });
    const { body } = await mine.send('/token', { form, basic: key.basic, headers: { dpop } });
    return body.access_token as string;
  };
  const get = async (at: string, token: string, nonce?: string) => {
    const dpop = await mine.proof('GET', at, { token, claims: { nonce } });
    return mine.send(at, { token, headers: { dpop, origin: page } });
  };

  it('DP-01 RFC 9449 §9 UserInfo and APIs ask for one, which then is taken by each of them', async () => {
    const token = await boundToken();
    const [, other] = await wanting();
    const foreign = nonceOf(await ask(undefined, other));
    for (const at of [path, api])
      for (const wrong of [undefined, 'A'.repeat(32), foreign]) {
        const refused = await get(at, token, wrong);
        expect([at, wrong, refused.status]).toEqual([at, wrong, 401]);
        expect(refused.headers['www-authenticate']).toMatch(/^DPoP .*error="use_dpop_nonce".*algs="ES256/);
        for (const each of [path, api]) expect((await get(each, token, nonceOf(refused))).status).toBe(200);
      }
    // That of the token endpoint is one of the same server's.
    for (const at of [path, api]) expect((await get(at, token, nonceOf(await ask()))).status).toBe(200);
  });

  it('DP-01 X-09 a page’s script may read the one of UserInfo', async () => {
    expect((await get(path, await boundToken())).headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-expose-headers': expect.stringContaining('DPoP-Nonce'),
    });
  });

  it('DP-01 DP-02 a proof is used once with a nonce as well, and a wrong key or token learns none', async () => {
    const token = await boundToken();
    const nonce = nonceOf(await get(path, token));
    for (const at of [path, api]) {
      const dpop = await mine.proof('GET', at, { token, claims: { nonce } });
      const statuses = [];
      for (let time = 0; time < 2; time++) statuses.push((await mine.send(at, { token, headers: { dpop } })).status);
      expect(statuses).toEqual([200, 401]);
      const others = await (await dpopKey()).send(at, { token });
      expect([others.status, nonceOf(others)]).toEqual([401, '']);
      const spoilt = await get(at, `${token.slice(0, -4)}AAAA`);
      expect([spoilt.status, nonceOf(spoilt)]).toEqual([401, '']);
      expect((await keyward.send(at, { bearer: token })).status).toBe(401);
    }
  });

  it('DP-01 openid-client and oauth4webapi ask again there as well', async () => {
    const dispatcher = new Agent({ connect: { ca: keyward.ca } });
    const trusting = (url: string, options: object): Promise<Response> => undiciFetch(url, { ...options, dispatcher });
    const { consumerKey, consumerSecret } = key;
    const config = await openid.discovery(issuer, consumerKey, consumerSecret, undefined, {
      [openid.customFetch]: trusting,
    });
    const signedIn = async () => {
      // A new key, which nobody has told a nonce yet.
      const DPoP = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair());
      const { loginName: username, password } = user;
      const form = { username, password, scope: 'openid' };
      const { access_token } = await openid.genericGrantRequest(config, 'password', form, { DPoP });
      return [access_token, DPoP] as const;
    };
    const [first, DPoP] = await signedIn();
    expect((await openid.fetchUserInfo(config, first, user.id, { DPoP })).sub).toBe(user.id);
    const url = new URL(api, keyward.baseUrl);
    expect((await openid.fetchProtectedResource(config, first, url, 'GET', null, undefined, { DPoP })).status).toBe(
      200,
    );

    const client: oauth.Client = { client_id: consumerKey };
    const server = config.serverMetadata();
    const pair = await oauth.generateKeyPair('ES256');
    const http = { [oauth.customFetch]: trusting };
    const tokens = async (by: oauth.DPoPHandle): Promise<string> => {
      const options = { DPoP: by, ...http };
      const secret = oauth.ClientSecretBasic(consumerSecret);
      const request = () => oauth.clientCredentialsGrantRequest(server, client, secret, {}, options);
      await oauth.processClientCredentialsResponse(server, client, await request()).catch(() => undefined);
      return (await oauth.processClientCredentialsResponse(server, client, await request())).access_token;
    };
    const token = await tokens(oauth.DPoP(client, pair));
    const fresh = oauth.DPoP(client, pair);
    const resource = () => oauth.protectedResourceRequest(token, 'GET', url, undefined, null, { DPoP: fresh, ...http });
    const refused = await resource().catch((error: unknown) => error);
    expect(oauth.isDPoPNonceError(refused)).toBe(true);
    expect((await resource()).status).toBe(200);
    await dispatcher.close();
  });
});

describe('DP-03 dpop_jkt', () => {
  let app: TestKey;
  let home: string;
  let owner: TestUser;
  beforeAll(async () => {
    home = await makeOrganization();
    [app, owner] = await Promise.all([makeKey(home, { redirectUris: [REDIRECT_URI] }), makeUser(home)]);
  });
  const redeem = (form: Record<string, string>, holder?: DpopKey) =>
    holder ? holder.send('/token', { form, basic: app.basic }) : app.token(form);

  it('binds a code to a key: no other, and none, gets anything for it', async () => {
    const code = () => codeFor(home, app, owner, { dpop_jkt: mine.jkt });
    expect((await redeem(await code(), mine)).body.token_type).toBe('DPoP');
    expectError(await redeem(await code()), 'invalid_grant');
    expectError(await redeem(await code(), await dpopKey()), 'invalid_grant');
    expect((await redeem(await codeFor(home, app, owner), await dpopKey())).status).toBe(200);
  });

  it('is refused when it is no thumbprint', async () => {
    const params = { client_id: app.consumerKey, code_challenge: pkce().challenge, dpop_jkt: 'x' };
    const answer = answerOf(await new Visitor().get(authorizationUrl(home, params)));
    expect(answer).toMatchObject({ error: 'invalid_request' });
  });

  it('is what a proof at the pushed request endpoint says, and must not differ from it', async () => {
    const { verifier, challenge } = pkce();
    const path = `/t/${home}/oauth2/par`;
    const request = {
      ...{ response_type: 'code', redirect_uri: REDIRECT_URI },
      ...{ code_challenge: challenge, code_challenge_method: 'S256' },
    };
    const push = (more: Record<string, string>) => mine.send(path, { form: { ...request, ...more }, basic: app.basic });
    expectError(await push({ dpop_jkt: (await dpopKey()).jkt }), 'invalid_dpop_proof');
    const { status, body } = await push({ dpop_jkt: mine.jkt });
    expect(status).toBe(201);
    const query = new URLSearchParams({ client_id: app.consumerKey, request_uri: body.request_uri as string });
    const visitor = new Visitor();
    const { code = '' } = answerOf(
      await visitor.signIn(await visitor.get(`/t/${home}/authorize?${query.toString()}`), owner),
    );
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
    expectError(await redeem(form, await dpopKey()), 'invalid_grant');
  });
});
