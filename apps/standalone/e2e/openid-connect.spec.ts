import { deployment } from '@keyward/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify, type JSONWebKeySet } from 'jose';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';
import { isActive, spoilt } from './support/tokens';

const keyward = deployment();
const GOODBYE = 'https://app.example/goodbye?from=keyward';
const PROFILE = {
  ...{ name: 'John Doe', given_name: 'John', family_name: 'Doe', locale: 'en-GB', zoneinfo: 'Europe/London' },
  ...{ email: 'john@johns.org', email_verified: true, phone_number: '+44 20 7946 0000', phone_number_verified: false },
  address: { street_address: '1 High Street', locality: 'London', country: 'UK' },
};

let org: string;
let issuer: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  ({ issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body);
  user = await makeUser(org);
  await manage('PATCH', `/${org}/users/${user.username}`, { profile: PROFILE });
  key = await makeKey(org, { redirectUris: [REDIRECT_URI], postLogoutRedirectUris: [GOODBYE] });
});

const tokens = async (scope: string, params: Record<string, string> = {}, visitor = new Visitor()) =>
  (await key.token(await codeFor(org, key, user, { scope, ...params }, visitor))).body;
/** As a client that looks again for a key it does not know. */
const verified = async (idToken: string) => {
  const { kid } = decodeProtectedHeader(idToken);
  const kids = async () => ((await keyward.send(`/t/${org}/jwks`)).body as JSONWebKeySet).keys.map((jwk) => jwk.kid);
  await eventually(async () => (await kids()).includes(kid));
  const keys = createLocalJWKSet((await keyward.send(`/t/${org}/jwks`)).body);
  return jwtVerify(idToken, keys, { issuer, audience: key.consumerKey, algorithms: ['RS256'] });
};
const userInfo = (token: string, method: 'GET' | 'POST' = 'GET', path = `/t/${org}/userinfo`) =>
  keyward.send(path, { method, bearer: token });

describe('an ID token', () => {
  it('OC-01 BL-02 DS-03 is signed RS256 by the organization, and says who signed in, when and where', async () => {
    const before = Math.floor(Date.now() / 1000);
    const { id_token, scope } = await tokens('openid', { nonce: 'n-0S6_WzA2Mj' });
    expect(scope).toBe('openid');
    const { payload, protectedHeader } = await verified(id_token);
    expect(protectedHeader).toEqual({ alg: 'RS256', typ: 'JWT', kid: expect.any(String) });
    expect(payload).toEqual({
      ...{ iss: issuer, sub: user.id, aud: key.consumerKey, nonce: 'n-0S6_WzA2Mj', amr: ['pwd'] },
      acr: 'urn:keyward:acr:password',
      ...{ iat: expect.any(Number), exp: expect.any(Number), auth_time: expect.any(Number), sid: expect.any(String) },
    });
    expect(payload['auth_time']).toBeGreaterThanOrEqual(before);
    expect(payload.exp).toBeGreaterThan(payload.iat ?? Infinity);
  });

  it('OC-01 OC-03 has no nonce that was not sent, and is not there without openid', async () => {
    expect(decodeJwt((await tokens('openid')).id_token)).not.toHaveProperty('nonce');
    expect(await tokens('profile')).not.toHaveProperty('id_token');
  });

  it('RT-12 comes with a refresh as well, about the same sign-in', async () => {
    const first = await tokens('openid', { nonce: 'n' });
    const refreshed = await key.token({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
    const [one, other] = [decodeJwt(first.id_token), decodeJwt(refreshed.body.id_token)];
    const { iss, sub, aud, auth_time } = one;
    expect(other).toMatchObject({ iss, sub, aud, auth_time });
    expect(other).not.toHaveProperty('nonce');
  });

  it.each([true, false])('BL-02 names its session after each refresh (rotated: %s)', async (rotateRefreshTokens) => {
    const client = await makeKey(org, { redirectUris: [REDIRECT_URI], rotateRefreshTokens });
    const { body } = await client.token(await codeFor(org, client, user, { scope: 'openid' }));
    const { sid } = decodeJwt(body.id_token);
    const refreshed = (refresh_token: string) => client.token({ grant_type: 'refresh_token', refresh_token });
    const second = (await refreshed(body.refresh_token)).body;
    const again = (await refreshed(body.refresh_token)).body; // RT-05, RT-14
    const third = (await refreshed(second.refresh_token)).body;
    expect([second, again, third].map(({ id_token }) => decodeJwt(id_token)['sid'])).toEqual([sid, sid, sid]);
  });

  it('OC-01 BL-02 is also for whoever still uses the password grant, of no session', async () => {
    const { body } = await key.signIn(user, { scope: 'openid' });
    expect((await verified(body.id_token)).payload.sub).toBe(user.id);
    const refreshed = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    for (const idToken of [body.id_token, refreshed.body.id_token])
      expect(decodeJwt(idToken)).not.toHaveProperty('sid');
  });

  it('TE-12 abuse 16: is neither access token nor refresh token, nor an access token a hint', async () => {
    const { id_token, access_token } = await tokens('openid');
    expect((await userInfo(id_token)).status).toBe(401);
    expect(await isActive(id_token, key)).toBe(false);
    expect((await key.token({ grant_type: 'refresh_token', refresh_token: id_token })).body.error).toBe(
      'invalid_grant',
    );
    const out = await new Visitor().get(
      `/t/${org}/logout?id_token_hint=${access_token}&post_logout_redirect_uri=${encodeURIComponent(GOODBYE)}`,
    );
    expect(out.status).toBe(200);
  });

  it('OC-08 AZ-09 as a hint stands for its user alone', async () => {
    const visitor = new Visitor();
    const { id_token } = await tokens('openid', {}, visitor);
    const request = (hint: string) =>
      authorizationUrl(org, {
        ...{ client_id: key.consumerKey, code_challenge: pkce().challenge, scope: 'openid' },
        ...{ prompt: 'none', id_token_hint: hint },
      });
    expect(answerOf(await visitor.get(request(id_token)))).toHaveProperty('code');
    const other = new Visitor();
    await codeFor(org, key, await makeUser(org), { scope: 'openid' }, other);
    expect(answerOf(await other.get(request(id_token)))).toMatchObject({ error: 'login_required' });
    expect(answerOf(await visitor.get(request(`${id_token}x`)))).toMatchObject({ error: 'login_required' });
  });

  it('AZ-09 abuse 28: as a hint that is not about whoever has signed in, gets the client its answer', async () => {
    const { id_token } = await tokens('openid');
    const { username, password } = await makeUser(org);
    const hinted = (hint: string) =>
      authorizationUrl(org, {
        ...{ client_id: key.consumerKey, code_challenge: pkce().challenge, scope: 'openid', id_token_hint: hint },
      });
    const visitor = new Visitor();
    const page = await visitor.get(hinted(id_token));
    expect(answerOf(await visitor.submit(page, { username, password }))).toMatchObject({ error: 'login_required' });
    // They are signed in all the same, for whoever does not mind who it is.
    const other = authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge });
    expect((await visitor.get(other)).text).toContain(username);
    // Whom the client has in mind may still sign in instead.
    const again = await visitor.get(hinted(id_token));
    expect(again.text).toContain('type="password"');
    expect(answerOf(await visitor.signIn(again, user))).toHaveProperty('code');
    for (const hint of ['x.y.z', `${id_token}x`])
      for (const each of [new Visitor(), visitor])
        expect(answerOf(await each.get(hinted(hint)))).toMatchObject({ error: 'login_required' });
  });

  it('JK-05 JK-07 is verified before and after a rotation', async () => {
    const own = await makeOrganization();
    const [client, someone] = [await makeKey(own, { redirectUris: [REDIRECT_URI] }), await makeUser(own)];
    const get = async () =>
      (await client.token(await codeFor(own, client, someone, { scope: 'openid' }))).body.id_token;
    const verify = async (token: string) => {
      const { kid } = decodeProtectedHeader(token);
      await eventually(async () => (await keyward.send(`/t/${own}/jwks`)).text.includes(kid ?? '-'));
      return jwtVerify(token, createLocalJWKSet((await keyward.send(`/t/${own}/jwks`)).body), {
        algorithms: ['RS256'],
      });
    };
    const first = await get();
    const rotated = await manage('POST', `/${own}/signing-keys/rotate`, { now: true });
    const keys = rotated.keys as { alg: string; state: string }[];
    expect(keys.map(({ alg, state }) => `${alg} ${state}`).sort()).toEqual([
      ...['ES256 active', 'ES256 retiring', 'RS256 active', 'RS256 retiring'],
    ]);
    const second = await get();
    expect((await verify(first)).protectedHeader.kid).not.toBe((await verify(second)).protectedHeader.kid);
    const foreign = createLocalJWKSet((await keyward.send(`/t/${org}/jwks`)).body);
    await expect(jwtVerify(second, foreign)).rejects.toThrow('no applicable key');
  });
});

describe('UserInfo', () => {
  it.each(['GET', 'POST'] as const)('OC-04 OC-05 tells by %s what the scopes let it', async (method) => {
    const said = async (scope: string) => (await userInfo((await tokens(scope)).access_token, method)).body;
    expect(await said('openid')).toEqual({ sub: user.id });
    const { email, email_verified, phone_number, phone_number_verified, address, ...profile } = PROFILE;
    expect(await said('openid profile')).toEqual({ sub: user.id, preferred_username: user.username, ...profile });
    expect(await said('openid email')).toEqual({ sub: user.id, email, email_verified });
    expect(await said('openid phone address')).toEqual({
      ...{ sub: user.id, phone_number, phone_number_verified },
      address,
    });
  });

  it.each(['jwt', 'opaque'] as const)('OC-05 is served at the root for a token that is %s', async (tokenType) => {
    const client = await makeKey(org, { redirectUris: [REDIRECT_URI], tokenType });
    const { body } = await client.token(await codeFor(org, client, user, { scope: 'openid email' }));
    const token = body.access_token as string;
    for (const path of ['/userinfo', '/oauth2/userinfo', `/t/${org}/userinfo`, `/t/${org}/oauth2/userinfo`])
      expect((await userInfo(token, 'GET', path)).body).toMatchObject({ sub: user.id, email: PROFILE.email });
    for (const other of spoilt(token).filter((each) => !/[\n ]/.test(each)))
      expect([401, 400]).toContain((await userInfo(other, 'GET', '/userinfo')).status);
    await keyward.send('/revoke', { form: { token }, basic: client.basic });
    expect((await userInfo(token, 'GET', '/userinfo')).status).toBe(401);
  });

  it('OC-05 RS-01 RS-02 refuses all else as RFC 6750 has it', async () => {
    const challenge = async (options: object) => {
      const { status, headers } = await keyward.send(`/t/${org}/userinfo`, options);
      return [status, headers['www-authenticate']];
    };
    expect(await challenge({})).toEqual([401, 'Bearer realm="keyward"']);
    expect(await challenge({ basic: key.basic })).toEqual([401, 'Bearer realm="keyward"']);
    const invalid = [401, 'Bearer realm="keyward", error="invalid_token"'];
    for (const bearer of ['x', 'a b', `${(await tokens('openid')).access_token}x`])
      expect(await challenge({ bearer })).toEqual(invalid);
    const insufficient = await challenge({ bearer: (await tokens('profile')).access_token });
    expect(insufficient).toEqual([403, 'Bearer realm="keyward", error="insufficient_scope", scope="openid"']);
    const { body } = await key.token({ grant_type: 'client_credentials' });
    expect(await challenge({ bearer: body.access_token })).toEqual(invalid);
  });

  it('MT-01 is not there for another organization’s token, nor for one that was revoked', async () => {
    const { access_token } = await tokens('openid');
    const elsewhere = await makeOrganization();
    expect((await userInfo(access_token, 'GET', `/t/${elsewhere}/userinfo`)).status).toBe(401);
    await keyward.send('/revoke', { form: { token: access_token }, basic: key.basic });
    expect((await userInfo(access_token)).status).toBe(401);
  });

  it('abuse 30: profiles are of known claims alone', async () => {
    const path = `/${org}/users/${(await makeUser(org)).username}`;
    for (const profile of [
      { admin: true },
      { email: 'x' },
      { email_verified: 'yes' },
      { website: 'javascript:alert(1)' },
    ])
      await expect(manage('PATCH', path, { profile })).rejects.toThrow(': 400 ');
    expect((await manage('GET', path)).profile).toEqual({});
  });
});

describe('by client metadata', () => {
  const registered = async (settings: object) => {
    const client = await makeKey(org, { redirectUris: [REDIRECT_URI], postLogoutRedirectUris: [GOODBYE], ...settings });
    const visitor = new Visitor();
    const { body } = await client.token(await codeFor(org, client, user, { scope: 'openid email' }, visitor));
    return { client, visitor, tokens: body as Record<string, string> };
  };
  const checked = async (jwt: string, audience: string, alg: string) => {
    const { kid } = decodeProtectedHeader(jwt);
    await eventually(async () => (await keyward.send(`/t/${org}/jwks`)).text.includes(kid ?? '-'));
    const keys = createLocalJWKSet((await keyward.send(`/t/${org}/jwks`)).body);
    return jwtVerify(jwt, keys, { issuer, audience, algorithms: [alg] });
  };

  it('OC-01 ID tokens are ES256, also after a refresh and as hints', async () => {
    const { client, visitor, tokens } = await registered({ idTokenSignedResponseAlg: 'ES256' });
    const { id_token = '', refresh_token = '' } = tokens;
    expect((await checked(id_token, client.consumerKey, 'ES256')).payload.sub).toBe(user.id);
    const { body } = await client.token({ grant_type: 'refresh_token', refresh_token });
    expect(decodeProtectedHeader(body.id_token as string).alg).toBe('ES256');
    const params = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: GOODBYE });
    const { headers } = await visitor.get(`/t/${org}/logout?${params.toString()}`);
    expect(headers['location']).toBe(GOODBYE);
  });

  it.each(['RS256', 'ES256'] as const)('OC-06 UserInfo is signed %s, for its client alone', async (alg) => {
    const { client, visitor, tokens } = await registered({ userinfoSignedResponseAlg: alg });
    const { access_token = '' } = tokens;
    for (const method of ['GET', 'POST'] as const) {
      const { status, headers, text } = await userInfo(access_token, method);
      expect([status, headers['content-type'], headers['cache-control']]).toEqual([200, 'application/jwt', 'no-store']);
      const { payload } = await checked(text, client.consumerKey, alg);
      const { email, email_verified } = PROFILE;
      expect(payload).toEqual({
        ...{ sub: user.id, email, email_verified, iss: issuer, aud: client.consumerKey },
        ...{ iat: expect.any(Number), exp: expect.any(Number) },
      });
      // abuse 16: it is no ID token.
      const params = new URLSearchParams({ id_token_hint: text, post_logout_redirect_uri: GOODBYE });
      expect((await visitor.get(`/t/${org}/logout?${params.toString()}`)).headers['location']).toBeUndefined();
    }
    await manage('PATCH', `/${org}/keys/${client.consumerKey}`, { userinfoSignedResponseAlg: null });
    expect((await userInfo(access_token)).body.sub).toBe(user.id);
  });

  it('OC-02 nothing goes unsigned, nor by a key that its client has', async () => {
    for (const alg of ['none', 'HS256', 'RS512', 'es256'])
      for (const name of ['idTokenSignedResponseAlg', 'userinfoSignedResponseAlg'])
        await expect(manage('PATCH', `/${org}/keys/${key.consumerKey}`, { [name]: alg })).rejects.toThrow(': 400 ');
  });

  it('OC-09 a user is the same subject to every client that does not ask for another', async () => {
    const [one, other] = [await registered({}), await registered({})];
    const subjects = [one, other].map(({ tokens }) => decodeJwt(tokens['id_token'] ?? '').sub);
    expect(subjects).toEqual([user.id, user.id]);
  });
});

describe('offline_access', () => {
  it('BL-03 keeps what it gave when its session ends; nothing else stays', async () => {
    const visitor = new Visitor();
    const online = await tokens('openid', {}, visitor);
    const offline = await tokens('openid offline_access', {}, visitor);
    await manage('DELETE', `/${org}/users/${user.username}/sessions`);
    const refresh = ({ refresh_token }: { refresh_token: string }) =>
      key.token({ grant_type: 'refresh_token', refresh_token });
    expect((await refresh(online)).status).toBe(400);
    const { body } = await refresh(offline);
    expect(body.scope).toBe('openid offline_access');
    await manage('DELETE', `/${org}/users/${user.username}/consents/${key.consumerKey}`);
    expect((await refresh(body)).status).toBe(400);
  });
});

describe('signing out at a client’s request', () => {
  const out = (params: Record<string, string>) => `/t/${org}/logout?${new URLSearchParams(params).toString()}`;
  const isSignedIn = async (visitor: Visitor) => visitor.cookies.has(`__Host-keyward-session-${org}`);

  it.each(['GET', 'POST'] as const)('LO-01 LO-02 by %s ends the session and goes back with state', async (method) => {
    const visitor = new Visitor();
    const { id_token, access_token } = await tokens('openid', {}, visitor);
    const params = { id_token_hint: id_token, post_logout_redirect_uri: GOODBYE, state: 'a b' };
    const asked = method === 'GET' ? out(params) : (await visitor.post(`/t/${org}/logout`, params)).headers['location'];
    const { status, headers } = await visitor.get(asked ?? '');
    expect([status, headers['location']]).toEqual([303, `${GOODBYE}&state=a+b`]);
    expect(await isSignedIn(visitor)).toBe(false);
    expect(await isActive(access_token, key)).toBe(false);
  });

  it.each<[string, (idToken: string) => Record<string, string>]>([
    ['an unregistered URI', (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: 'https://evil.example/' })],
    ['a changed URI', (id_token_hint) => ({ id_token_hint, post_logout_redirect_uri: `${GOODBYE}&a=b` })],
    ['no hint', () => ({ post_logout_redirect_uri: GOODBYE })],
    ['a changed hint', (hint) => ({ id_token_hint: `${hint.slice(0, -4)}AAAA`, post_logout_redirect_uri: GOODBYE })],
    ['LO-04 another client', (id_token_hint) => ({ id_token_hint, client_id: 'x', post_logout_redirect_uri: GOODBYE })],
    ['nothing at all', () => ({})],
  ])('LO-03 LO-04 with %s asks the user, and sends nobody anywhere', async (_, params) => {
    const visitor = new Visitor();
    const { id_token, access_token } = await tokens('openid', {}, visitor);
    const page = await visitor.get(out(params(id_token)));
    expect([page.status, page.headers['location'], await isActive(access_token, key)]).toEqual([200, undefined, true]);
    const after = await visitor.submit(page, {});
    expect([after.status, await isSignedIn(visitor), await isActive(access_token, key)]).toEqual([200, false, false]);
  });

  it('LO-03 of another user asks, and with no address to go to says that it is done', async () => {
    const [visitor, other] = [new Visitor(), new Visitor()];
    const { id_token } = await tokens('openid', {}, visitor);
    await codeFor(org, key, await makeUser(org), { scope: 'openid' }, other);
    await other.get(out({ id_token_hint: id_token, post_logout_redirect_uri: GOODBYE }));
    expect(await isSignedIn(other)).toBe(true);
    expect((await visitor.get(out({ id_token_hint: id_token }))).status).toBe(200);
    expect(await isSignedIn(visitor)).toBe(false);
  });
});
