import { deployment, HOSTILE_REDIRECT_URIS } from '@keyward/testing';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, codeFor, formOf, pkce, REDIRECT_URI, Visitor } from './support/browser';
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
import { isActive } from './support/tokens';

const keyward = deployment();

let org: string;
let issuer: string;
let user: TestUser;
let key: TestKey;
let spa: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  ({ issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body);
  user = await makeUser(org, `${unique('john')}@johns.org`);
  key = await makeKey(org, { redirectUris: [REDIRECT_URI] });
  spa = await makeKey(org, { redirectUris: [REDIRECT_URI], public: true });
});

const request = (params: Record<string, string | undefined> = {}) =>
  authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, ...params });

describe('signing in on the page', () => {
  it('AC-01 AZ-05 AZ-06 gives a code, with state and issuer, and the code gives tokens', async () => {
    const visitor = new Visitor();
    const { verifier, challenge } = pkce();
    const page = await visitor.get(
      request({ code_challenge: challenge, state: 'a state & more', login_hint: user.username }),
    );
    expect([page.status, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
    const asked = await visitor.submit(page, { username: user.username, password: user.password });
    expect(asked.text).toContain(key.application);
    const answer = answerOf(await visitor.submit(asked, { decision: 'allow' }));
    expect(answer).toEqual({ code: expect.stringMatching(/^kac_/), state: 'a state & more', iss: issuer });
    const form = { grant_type: 'authorization_code', code: answer['code'] ?? '', redirect_uri: REDIRECT_URI };
    const { status, body, headers } = await key.token({ ...form, code_verifier: verifier });
    expect(status).toBe(200);
    expect(headers['cache-control']).toBe('no-store');
    expect(body).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.stringMatching(/^krt_/),
      ...{ scope: 'default', token_type: 'Bearer', expires_in: 3600 },
    });
    const { body: told } = await keyward.send('/introspect', { form: { token: body.access_token }, basic: key.basic });
    expect(told).toMatchObject({ active: true, sub: user.id, username: user.username, amr: ['pwd'], iss: issuer });
    const again = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(again.body.scope).toBe('default');
  });

  it('CA-09 AC-01 gives a public client tokens as well, which it refreshes without a secret', async () => {
    const form = { ...(await codeFor(org, spa, user)), client_id: spa.consumerKey };
    const { status, body } = await keyward.send(`/t/${org}/token`, { form });
    expect(status).toBe(200);
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token, client_id: spa.consumerKey };
    expect((await keyward.send('/token', { form: refresh })).status).toBe(200);
    const without = { ...(await codeFor(org, spa, user)) };
    expectError(await keyward.send('/token', { form: without }), 'invalid_client');
  });

  it('AZ-09 is not needed twice, nor is consent, and prompt=none tells so', async () => {
    const visitor = new Visitor();
    await codeFor(org, key, user, {}, visitor);
    expect(answerOf(await visitor.get(request()))).toEqual({ code: expect.any(String), iss: issuer });
    expect(answerOf(await visitor.get(request({ prompt: 'none' })))).toEqual({ code: expect.any(String), iss: issuer });
    const stranger = new Visitor();
    const refused = answerOf(await stranger.get(request({ prompt: 'none', state: 's' })));
    expect(refused).toMatchObject({ error: 'login_required', state: 's', iss: issuer });
    const other = await makeKey(org, { redirectUris: [REDIRECT_URI] });
    const unasked = request({ client_id: other.consumerKey, prompt: 'none' });
    expect(answerOf(await visitor.get(unasked))).toMatchObject({ error: 'consent_required' });
  });

  it('AZ-09 asks again for prompt=login, select_account and max_age, and consent for prompt=consent', async () => {
    const visitor = new Visitor();
    await codeFor(org, key, user, {}, visitor);
    for (const params of [{ prompt: 'login' }, { prompt: 'select_account' }, { max_age: '0' }]) {
      const page = await visitor.get(request(params));
      expect(page.text).toContain('type="password"');
      expect(answerOf(await visitor.signIn(page, user))).toHaveProperty('code');
    }
    const both = await visitor.get(request({ prompt: 'login consent' }));
    const asked = await visitor.submit(both, { username: user.username, password: user.password });
    expect(asked.text).toContain('value="allow"');
    expect((await visitor.get(request({ max_age: '1000' }))).status).toBe(303);
    expect((await visitor.get(request({ prompt: 'consent' }))).text).toContain('value="allow"');
  });

  it('AZ-09 abuse 28: agreeing does not stand for signing in again', async () => {
    const visitor = new Visitor();
    await codeFor(org, key, user, {}, visitor);
    for (const params of [{ prompt: 'login' }, { prompt: 'select_account' }, { max_age: '0' }]) {
      const url = request(params);
      const page = await visitor.get(url);
      const form = { ...formOf(page).fields, decision: 'allow' };
      const skipped = await visitor.post(url.replace('/authorize?', '/consent?'), form);
      expect(skipped.headers['location']).toBeUndefined();
      expect(answerOf(await visitor.signIn(skipped, user))).toHaveProperty('code');
    }
  });

  it('AZ-11 tells the client when the user does not agree, and keeps nothing of it', async () => {
    const visitor = new Visitor();
    const other = await makeKey(org, { redirectUris: [REDIRECT_URI] });
    const url = request({ client_id: other.consumerKey, state: 's' });
    const asked = await visitor.submit(await visitor.get(url), { username: user.username, password: user.password });
    const refused = answerOf(await visitor.submit(asked, { decision: 'deny' }));
    expect(refused).toMatchObject({ error: 'access_denied', state: 's', iss: issuer });
    expect((await visitor.get(url)).text).toContain('value="allow"');
  });

  it('AZ-04 takes a request that is posted', async () => {
    const params = Object.fromEntries(new URL(request({ state: 's' }), keyward.baseUrl).searchParams);
    const { status, headers } = await keyward.send(`/t/${org}/authorize`, { form: params });
    expect(status).toBe(303);
    expect((await new Visitor().get(headers['location'] ?? '')).status).toBe(200);
  });

  it('RFC 6749 is served at the root as well, where the consumer key names the organization', async () => {
    const url = authorizationUrl(undefined, { client_id: key.consumerKey, code_challenge: pkce().challenge });
    const visitor = new Visitor();
    const page = await visitor.get(url);
    expect(page.text).toContain('john@johns.org@johnsorg');
    const last = await visitor.signIn(page, { username: user.loginName, password: user.password });
    expect(answerOf(last)).toEqual({ code: expect.any(String), iss: issuer });
  });

  it('AZ-12 answers by a form where the client asks for it', async () => {
    const visitor = new Visitor();
    const last = await visitor.signIn(await visitor.get(request({ response_mode: 'form_post', state: 's' })), user);
    expect(last.status).toBe(200);
    expect(formOf(last)).toEqual({
      action: REDIRECT_URI,
      fields: { code: expect.any(String), state: 's', iss: issuer },
    });
  });
});

describe('an authorization request', () => {
  it.each<[string, Record<string, string | undefined>]>([
    ['unknown client', { client_id: 'nobody' }],
    ['no client', { client_id: undefined }],
    ['no redirect URI', { redirect_uri: undefined }],
    ['another redirect URI', { redirect_uri: `${REDIRECT_URI}/` }],
    ['abuse 36: script for a redirect URI', { redirect_uri: 'JavaScript:alert(1)' }],
  ])('AZ-01 with %s sends nobody anywhere', async (_, params) => {
    const { status, headers, text } = await new Visitor().get(request(params));
    expect([status, headers['location']]).toEqual([400, undefined]);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).not.toContain('alert(1)');
  });

  it('AZ-01 AZ-02 abuse 36: with any of forty and more redirect URIs that are not the registered one, sends nobody anywhere', async () => {
    expect(new Set(HOSTILE_REDIRECT_URIS).size).toBeGreaterThanOrEqual(40);
    const form = { response_type: 'code', code_challenge: pkce().challenge, code_challenge_method: 'S256' };
    for (const redirect_uri of HOSTILE_REDIRECT_URIS) {
      for (const more of [{}, { prompt: 'none' }, { response_mode: 'form_post', response_type: 'token' }]) {
        const { status, headers, text } = await new Visitor().get(request({ redirect_uri, ...more }));
        expect([redirect_uri, status, headers['location']]).toEqual([redirect_uri, 400, undefined]);
        expect([redirect_uri, /<form|evil/.test(text)]).toEqual([redirect_uri, false]);
      }
      const pushed = await keyward.send(`/t/${org}/oauth2/par`, { form: { ...form, redirect_uri }, basic: key.basic });
      expect([redirect_uri, pushed.status, pushed.body.error]).toEqual([redirect_uri, 400, 'invalid_request']);
    }
  });

  it('MT-08 for a client of another organization sends nobody anywhere', async () => {
    const elsewhere = await makeOrganization();
    const url = authorizationUrl(elsewhere, { client_id: key.consumerKey, code_challenge: pkce().challenge });
    const [other, unknown] = [
      await new Visitor().get(url),
      await new Visitor().get(url.replace(key.consumerKey, 'nobody')),
    ];
    expect(other.status).toBe(400);
    expect(other.text).toBe(unknown.text);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['AZ-03 no response_type', { response_type: undefined }, 'invalid_request'],
    ['AZ-03 an implicit response_type', { response_type: 'token' }, 'unsupported_response_type'],
    ['AZ-03 a hybrid response_type', { response_type: 'code id_token' }, 'unsupported_response_type'],
    ['AZ-10 a request object', { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
    ['AZ-10 a request_uri', { request_uri: 'https://169.254.169.254/' }, 'request_uri_not_supported'],
    ['AZ-12 another response_mode', { response_mode: 'fragment' }, 'invalid_request'],
    ['AZ-09 prompt none and more', { prompt: 'none login' }, 'invalid_request'],
    ['AZ-09 an unknown prompt', { prompt: 'create' }, 'invalid_request'],
    ['AZ-09 a max_age that is no number', { max_age: '-1' }, 'invalid_request'],
    ['TE-08 a malformed scope', { scope: 'a  b' }, 'invalid_scope'],
    ['PK-04 no challenge', { code_challenge: undefined }, 'invalid_request'],
    ['PK-05 no method', { code_challenge_method: undefined }, 'invalid_request'],
    ['PK-05 the method plain', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['PK-06 a short challenge', { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
    ['PK-06 a challenge of other characters', { code_challenge: `${'a'.repeat(42)}=` }, 'invalid_request'],
  ])('with %s is answered to the client', async (_, params, error) => {
    const answer = answerOf(await new Visitor().get(request({ state: 'xyz', ...params })));
    expect(answer).toEqual({ error, error_description: expect.any(String), state: 'xyz', iss: issuer });
  });

  it('X-04 with a parameter twice, or malformed, sends nobody anywhere', async () => {
    for (const bad of ['&state=a&state=b', '&state=%ff', '&state=%zz', '&state=%00', '&client_id=other'])
      expect((await new Visitor().get(request() + bad)).status).toBe(400);
  });

  it('PK-03 PK-04 abuse 24: an organization may (D8) require PKCE of public clients alone', async () => {
    const own = await makeOrganization();
    const [someone, server, page] = await Promise.all([
      makeUser(own),
      makeKey(own, { redirectUris: [REDIRECT_URI] }),
      makeKey(own, { redirectUris: [REDIRECT_URI], public: true }),
    ]);
    const without = { code_challenge: undefined, code_challenge_method: undefined };
    const asked = async ({ consumerKey }: TestKey, more: Record<string, string | undefined> = without) => {
      const visitor = new Visitor();
      const first = await visitor.get(authorizationUrl(own, { client_id: consumerKey, ...more }));
      return answerOf(first.status === 200 ? await visitor.signIn(first, someone) : first);
    };
    expect(await asked(server)).toMatchObject({ error: 'invalid_request' });
    await manage('PATCH', `/${own}`, { pkce: 'public' });
    await eventually(async () => 'code' in (await asked(server)));
    expect(await asked(page)).toMatchObject({ error: 'invalid_request' });
    expect(await asked(server, { ...without, code_challenge_method: 'plain' })).toMatchObject({
      error: 'invalid_request',
    });
    const form = async () => ({
      ...{ grant_type: 'authorization_code', redirect_uri: REDIRECT_URI },
      code: (await asked(server))['code'] ?? '',
    });
    expect((await server.token(await form())).status).toBe(200);
    expectError(await server.token({ ...(await form()), code_verifier: pkce().verifier }), 'invalid_grant');
    const { grant_type, code, redirect_uri } = await codeFor(own, server, someone);
    expectError(await server.token({ grant_type, code, redirect_uri }), 'invalid_grant');
  });

  it('OC-07 is not refused for what may be ignored', async () => {
    const params = {
      display: 'popup',
      ui_locales: 'xx de',
      claims_locales: 'fr',
      acr_values: 'a b',
      login_hint: 'x',
      foo: 'bar',
    };
    const page = await new Visitor().get(request(params));
    expect([page.status, page.text.includes('Anmelden')]).toEqual([200, true]);
  });

  it('AZ-03 for a client without the grant is answered unauthorized_client', async () => {
    const without = await makeKey(org, { redirectUris: [REDIRECT_URI], grantTypes: ['refresh_token'] });
    expect(answerOf(await new Visitor().get(request({ client_id: without.consumerKey })))).toMatchObject({
      error: 'unauthorized_client',
    });
  });
});

describe('a code', () => {
  const inform = (form: Record<string, string>, changes: Record<string, string | undefined>) =>
    Object.fromEntries(
      Object.entries({ ...form, ...changes }).filter((entry): entry is [string, string] => entry[1] !== undefined),
    );

  it('AC-02 abuse 24: is good once; a second use ends what the first gave', async () => {
    const form = await codeFor(org, key, user);
    const { body } = await key.token(form);
    expect(await isActive(body.access_token, key)).toBe(true);
    expectError(await key.token(form), 'invalid_grant');
    expect(await isActive(body.access_token, key)).toBe(false);
    expectError(await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token }), 'invalid_grant');
  });

  it('AC-02 ends opaque tokens, and those of a client that may not refresh, as well', async () => {
    const settings = { redirectUris: [REDIRECT_URI], tokenType: 'opaque', grantTypes: ['authorization_code'] } as const;
    const opaque = await makeKey(org, {
      ...settings,
      redirectUris: [REDIRECT_URI],
      grantTypes: ['authorization_code'],
    });
    const form = await codeFor(org, opaque, user);
    const { body } = await opaque.token(form);
    expect(body.refresh_token).toBeUndefined();
    expect(await isActive(body.access_token, opaque)).toBe(true);
    expectError(await opaque.token(form), 'invalid_grant');
    expect(await isActive(body.access_token, opaque)).toBe(false);
  });

  it('AC-03 is good once for any number at the same time, and what it gave is over', async () => {
    const form = await codeFor(org, key, user);
    const answers = await Promise.all(Array.from({ length: 8 }, () => key.token(form)));
    const given = answers.filter(({ status }) => status === 200);
    expect(given).toHaveLength(1);
    expect(await isActive(given[0]?.body.access_token, key)).toBe(false);
  });

  it.each<[string, Record<string, string | undefined>, string]>([
    ['AC-05 another redirect URI', { redirect_uri: `${REDIRECT_URI}/` }, 'invalid_grant'],
    ['PK-02 another verifier', { code_verifier: pkce().verifier }, 'invalid_grant'],
    ['PK-02 no verifier', { code_verifier: undefined }, 'invalid_grant'],
    ['PK-06 a short verifier', { code_verifier: 'a'.repeat(42) }, 'invalid_grant'],
    ['PK-06 a verifier of other characters', { code_verifier: `${'a'.repeat(43)}+` }, 'invalid_grant'],
  ])('AC-08 is over after %s', async (_, changes, error) => {
    const form = await codeFor(org, key, user);
    expectError(await key.token(inform(form, changes)), error);
    expectError(await key.token(form), 'invalid_grant');
  });

  it('AC-05 needs its redirect URI', async () => {
    expectError(await key.token(inform(await codeFor(org, key, user), { redirect_uri: undefined })), 'invalid_request');
  });

  it('AC-04 MT-02 is over at another client, of this organization or another', async () => {
    const other = await makeKey(org, { redirectUris: [REDIRECT_URI] });
    const foreign = await makeKey(await makeOrganization(), { redirectUris: [REDIRECT_URI] });
    const form = await codeFor(org, key, user);
    expectError(await foreign.token(form), 'invalid_grant');
    expectError(await other.token(form), 'invalid_grant');
    expectError(await key.token(form), 'invalid_grant');
  });

  it('abuse 10 abuse 16: is nothing but a code, and nothing else is one', async () => {
    const { code, ...rest } = await codeFor(org, key, user);
    const { body } = await key.token({ ...(await codeFor(org, key, user)) });
    for (const token of [body.access_token, body.refresh_token, `${code}A`, code.slice(0, -1), code.toLowerCase()])
      expectError(await key.token({ ...rest, code: token as string }), 'invalid_grant');
    expectError(await key.token({ grant_type: 'refresh_token', refresh_token: code }), 'invalid_grant');
    expect(await isActive(code, key)).toBe(false);
  });

  it('abuse 14: is refused when its user is disabled or has another password', async () => {
    for (const change of ['disable', 'reset-password']) {
      const leaving = await makeUser(org);
      const form = await codeFor(org, key, leaving);
      if (change === 'disable') await manage('PATCH', `/${org}/users/${leaving.username}`, { state: 'disabled' });
      else await manage('POST', `/${org}/users/${leaving.username}/reset-password`, {});
      expectError(await key.token(form), 'invalid_grant');
    }
  });

  it('abuse 14: is refused to a consumer key of the same name that was imported after it', async () => {
    const pair = { consumerKey: unique('imported'), consumerSecret: unique('a-secret-of-its-own-that-is-long-enough') };
    const before = await makeKey(org, { ...pair, redirectUris: [REDIRECT_URI] });
    const form = await codeFor(org, before, user);
    await manage('DELETE', `/${org}/keys/${before.consumerKey}`);
    const after = await makeKey(org, { ...pair, redirectUris: [REDIRECT_URI] });
    await eventually(async () => (await after.token({ grant_type: 'client_credentials' })).status === 200);
    expectError(await after.token(form), 'invalid_grant');
    const { body } = await after.token(await codeFor(org, after, user));
    const refresh = { grant_type: 'refresh_token', refresh_token: body.refresh_token };
    expect((await after.token(refresh)).status).toBe(200);
  });
});
