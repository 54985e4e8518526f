import { deployment, type Answer } from '@keyward/testing';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, formOf, pkce, REDIRECT_URI, Visitor } from './support/browser';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  unique,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const URN = 'urn:ietf:params:oauth:request_uri:';

let org: string;
let issuer: string;
let user: TestUser;
let key: TestKey;
let app: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  [user, key, app] = await Promise.all([
    makeUser(org),
    makeKey(org, { redirectUris: [REDIRECT_URI] }),
    makeKey(org, { redirectUris: ['http://127.0.0.1/callback'], public: true, applicationType: 'native' }),
  ]);
});

const { verifier, challenge } = pkce();
const request = (more: Record<string, string> = {}): Record<string, string> => ({
  ...{ response_type: 'code', redirect_uri: REDIRECT_URI, code_challenge: challenge, code_challenge_method: 'S256' },
  ...more,
});
const push = (form: Record<string, string>, by = key): Promise<Answer> =>
  keyward.send(`/t/${org}/oauth2/par`, { form, basic: by.basic });
const pushed = async (more: Record<string, string> = {}): Promise<string> => {
  const { status, body, text } = await push(request(more));
  if (status !== 201) throw new Error(text);
  return body.request_uri as string;
};
const pageOf = (request_uri: string, { consumerKey } = key, more: Record<string, string> = {}) =>
  `/t/${org}/authorize?${new URLSearchParams({ client_id: consumerKey, request_uri, ...more }).toString()}`;
const open = (uri: string, visitor = new Visitor(), by = key, more: Record<string, string> = {}) =>
  visitor.get(pageOf(uri, by, more));

/** Of a request that nobody is sent anywhere for. */
function expectOver({ status, headers, text }: Answer): void {
  expect([status, headers['location']]).toEqual([400, undefined]);
  expect(text).toContain('invalid_request_uri');
}

describe('the endpoint', () => {
  it('PR-01 X-03 gives a name that is good for a while, wherever it is served', async () => {
    for (const path of ['/par', '/oauth2/par', `/t/${org}/par`, `/t/${org}/oauth2/par`]) {
      const { status, headers, body } = await keyward.send(path, { form: request(), basic: key.basic });
      expect([status, headers['cache-control']]).toEqual([201, 'no-store']);
      expect(body).toEqual({
        request_uri: expect.stringMatching(/^urn:ietf:params:oauth:request_uri:kpr_/),
        expires_in: 90,
      });
    }
  });

  it('PR-01 CA-08 wants the client to prove itself, and no other method', async () => {
    const { consumerKey } = key;
    const send = (form: Record<string, string>, basic?: [string, string]) => keyward.send('/par', { form, basic });
    expectError(await send(request({ client_id: consumerKey })), 'invalid_client');
    expectError(await send(request(), [consumerKey, 'wrong']), 'invalid_client');
    const own = request({ client_id: app.consumerKey, redirect_uri: 'http://127.0.0.1:49152/callback' });
    expect((await send(own)).status).toBe(201);
    const get = await keyward.send('/par');
    expect([get.status, get.headers['allow']]).toEqual([405, 'POST']);
  });

  it.each<[string, Record<string, string>, string]>([
    ['request_uri', { request_uri: `${URN}x` }, 'invalid_request'],
    ['no response_type', { response_type: '' }, 'invalid_request'],
    ['another response_type', { response_type: 'token' }, 'invalid_request'],
    ['another redirect URI', { redirect_uri: 'https://evil.example/' }, 'invalid_request'],
    ['no challenge', { code_challenge: '' }, 'invalid_request'],
    ['a plain challenge', { code_challenge_method: 'plain' }, 'invalid_request'],
    ['a malformed scope', { scope: 'a  b' }, 'invalid_scope'],
    ['another resource', { resource: 'https://other.example/' }, 'invalid_target'],
    ['a request object', { request: 'x' }, 'invalid_request'],
    ['a long one', { login_hint: 'x'.repeat(20_000) }, 'invalid_request'],
  ])('PR-01 refuses %s at once', async (_, more, error) => {
    expectError(await push(request(more)), error);
  });

  it('PR-01 X-11 takes no more than 64 KiB, and nothing twice (X-04)', async () => {
    expect((await push(request({ state: 'x'.repeat(70_000) }))).status).toBe(413);
    const body = `${new URLSearchParams(request()).toString()}&scope=a&scope=b`;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    expectError(await keyward.send('/par', { method: 'POST', body, headers, basic: key.basic }), 'invalid_request');
  });
});

describe('a request that was pushed', () => {
  it('PR-01 leads through the pages, and its answer is that of what was pushed', async () => {
    const state = unique('state');
    const [uri, visitor] = [await pushed({ state, scope: 'openid' }), new Visitor()];
    const first = await open(uri, visitor, key, {
      redirect_uri: 'https://evil.example/',
      scope: 'email',
      state: 'other',
    });
    expect((await open(uri, visitor)).text).toContain('type="password"'); // Reloaded.
    const { code = '', ...rest } = answerOf(await visitor.signIn(first, user));
    expect(rest).toEqual({ state, iss: issuer });
    const form = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri: REDIRECT_URI };
    expect((await key.token(form)).body.scope).toBe('openid');
    expectOver(await open(uri, visitor));
    expectOver(await open(uri));
  });

  it('PR-01 is over when it has been answered with an error', async () => {
    const uri = await pushed({ prompt: 'none' });
    expect(answerOf(await open(uri))).toMatchObject({ error: 'login_required' });
    expectOver(await open(uri));
  });

  it('PR-01 of many answers at once the client gets one', async () => {
    const visitor = new Visitor();
    answerOf(await visitor.signIn(await open(await pushed(), visitor), user));
    const uri = await pushed();
    const answers = await Promise.all(Array.from({ length: 8 }, () => visitor.get(pageOf(uri))));
    expect(answers.filter(({ status }) => status === 303)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 303) expectOver(answer);
  });

  it('PR-01 MT-02 is of its client and organization alone, and no other name is looked at', async () => {
    const uri = await pushed();
    const other = await makeKey(org, { redirectUris: [REDIRECT_URI] });
    expectOver(await open(uri, new Visitor(), other));
    const elsewhere = await makeOrganization();
    const theirs = await makeKey(elsewhere, { redirectUris: [REDIRECT_URI] });
    const query = new URLSearchParams({ client_id: theirs.consumerKey, request_uri: uri }).toString();
    expectOver(await new Visitor().get(`/t/${elsewhere}/authorize?${query}`));
    for (const wrong of [`${URN}x`, URN, `${uri}x`, uri.slice(0, -1)]) expectOver(await open(wrong));
    expect((await open(uri)).status).toBe(200);
  });

  it('AZ-09 asks for signing in once where the client wants it, and then for consent', async () => {
    const visitor = new Visitor();
    answerOf(await visitor.signIn(await open(await pushed(), visitor), user));
    const again = await open(await pushed({ prompt: 'login consent', max_age: '0' }), visitor);
    expect(again.text).toContain('type="password"');
    const consent = await visitor.submit(again, { username: user.username, password: user.password });
    expect(consent.text).toContain('value="allow"');
    expect(answerOf(await visitor.submit(consent, { decision: 'allow' }))).toMatchObject({ code: expect.any(String) });
  });

  it('AZ-09 abuse 28: asks for signing in even where somebody agrees ahead of it', async () => {
    const visitor = new Visitor();
    answerOf(await visitor.signIn(await open(await pushed(), visitor), user));
    const wishes: Record<string, string>[] = [{ prompt: 'login', max_age: '0' }, { prompt: 'login' }, { max_age: '0' }];
    for (const more of wishes) {
      const uri = await pushed(more);
      const page = await open(uri, visitor);
      const form = { ...formOf(page).fields, decision: 'allow' };
      const skipped = await visitor.post(pageOf(uri).replace('/authorize?', '/consent?'), form);
      expect(skipped.headers['location']).toBeUndefined();
      expect(answerOf(await visitor.signIn(skipped, user))).toHaveProperty('code');
    }
  });

  it('AZ-09 abuse 28: that somebody has signed in for it counts in no other browser', async () => {
    const [here, there, other] = [new Visitor(), new Visitor(), await makeUser(org)];
    answerOf(await here.signIn(await open(await pushed(), here), user));
    const uri = await pushed({ prompt: 'login', max_age: '0' });
    expect((await open(uri, here)).text).toContain('type="password"');
    const { username, password } = other;
    const consent = await there.submit(await open(uri, there), { username, password });
    expect(consent.text).toContain('value="allow"');
    expect((await open(uri, here)).text).toContain('type="password"');
    expect((await open(uri, there)).text).toContain('value="allow"');
    expect(answerOf(await there.submit(consent, { decision: 'allow' }))).toHaveProperty('code');
  });

  it('AZ-11 lets somebody else sign in instead', async () => {
    const [visitor, other] = [new Visitor(), await makeUser(org)];
    const uri = await pushed({ prompt: 'consent' });
    const consent = await visitor.submit(await open(uri, visitor), {
      username: user.username,
      password: user.password,
    });
    const [, link = ''] = /<a href="([^"]*prompt=login[^"]*)"/.exec(consent.text) ?? [];
    const again = await visitor.get(link.replaceAll('&#38;', '&'));
    const theirs = await visitor.submit(again, { username: other.username, password: other.password });
    expect(theirs.text).toContain(other.username);
    expect(answerOf(await visitor.submit(theirs, { decision: 'allow' }))).toMatchObject({ code: expect.any(String) });
  });

  it('AZ-07 lets its form go on to where its answer will go', async () => {
    const redirect_uri = 'http://127.0.0.1:49152/callback';
    const form = request({ redirect_uri, client_id: app.consumerKey });
    const { body } = await keyward.send(`/t/${org}/par`, { form });
    const page = await open(body.request_uri as string, new Visitor(), app);
    expect(page.headers['content-security-policy']).toContain("form-action 'self' https: http://127.0.0.1:49152");
  });
});

it('AZ-10 any other request_uri is not supported, and not fetched; nor is request', async () => {
  for (const [name, value] of [
    ['request_uri', 'https://app.example/request.jwt'],
    ['request_uri', 'urn:example:x'],
    ['request', 'eyJhbGciOiJub25lIn0.e30.'],
  ] as const) {
    const url = authorizationUrl(org, { client_id: key.consumerKey, code_challenge: challenge, [name]: value });
    expect(answerOf(await new Visitor().get(url))).toMatchObject({ error: `${name}_not_supported` });
  }
});

it('PR-02 a client may have to push its requests', async () => {
  const held = await makeKey(org, { redirectUris: [REDIRECT_URI], requirePushedAuthorizationRequests: true });
  const plain = authorizationUrl(org, { client_id: held.consumerKey, code_challenge: challenge });
  for (const visit of [plain, `${plain}&request=`, `${plain}&request_uri=`])
    expect(answerOf(await new Visitor().get(visit))).toMatchObject({ error: 'invalid_request' });
  const { body } = await push(request(), held);
  const [uri, visitor] = [body.request_uri as string, new Visitor()];
  const answer = answerOf(await visitor.signIn(await open(uri, visitor, held), user));
  const form = { grant_type: 'authorization_code', code: answer['code'] ?? '', redirect_uri: REDIRECT_URI };
  expect((await held.token({ ...form, code_verifier: verifier })).status).toBe(200);
  await keyward.cliJson('keys', 'update', held.consumerKey, '--org', org, '--require-pushed-requests', 'off');
  await eventually(async () => (await new Visitor().get(plain)).status === 200);
});

it('PR-01 openid-client pushes by itself what it has to ask for', async () => {
  const agent = new Agent({ connect: { ca: keyward.ca } });
  const trusting = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher: agent })) as never;
  const auth = openid.ClientSecretBasic(key.consumerSecret);
  const config = await openid.discovery(new URL(issuer), key.consumerKey, undefined, auth, {
    [openid.customFetch]: trusting,
  });
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const url = await openid.buildAuthorizationUrlWithPAR(config, {
    ...{ redirect_uri: REDIRECT_URI, scope: 'openid', code_challenge_method: 'S256' },
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
  });
  expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
  const visitor = new Visitor();
  const last = await visitor.signIn(await visitor.get(`${url.pathname}${url.search}`), user);
  const back = new URL(last.headers['location'] ?? '');
  const tokens = await openid.authorizationCodeGrant(config, back, { pkceCodeVerifier });
  expect(tokens.claims()?.sub).toBe(user.id);
  await agent.close();
});

describe('PKCE', () => {
  it('PK-01 PK-05 is by S256 alone', async () => {
    const { body } = await keyward.send(`/t/${org}/.well-known/openid-configuration`);
    expect(body.code_challenge_methods_supported).toEqual(['S256']);
    for (const code_challenge_method of ['plain', undefined, 's256', 'S512']) {
      const params = { client_id: key.consumerKey, code_challenge: challenge, code_challenge_method };
      expect(answerOf(await new Visitor().get(authorizationUrl(org, params)))).toMatchObject({
        error: 'invalid_request',
      });
    }
  });

  it.each([undefined, 'x'.repeat(43), 'x'.repeat(42), 'x'.repeat(129)])(
    'PK-02 PK-06 a code with a challenge is refused with the verifier %j',
    async (code_verifier) => {
      const visitor = new Visitor();
      const { code = '' } = answerOf(await visitor.signIn(await open(await pushed(), visitor), user));
      const form = { grant_type: 'authorization_code', code, redirect_uri: REDIRECT_URI };
      expectError(await key.token({ ...form, ...(code_verifier ? { code_verifier } : {}) }), 'invalid_grant');
    },
  );

  it('AC-07 a public client has to say who it is', async () => {
    const form = { grant_type: 'authorization_code', code: 'x', redirect_uri: REDIRECT_URI, code_verifier: verifier };
    expectError(await keyward.send('/token', { form }), 'invalid_client');
  });
});
