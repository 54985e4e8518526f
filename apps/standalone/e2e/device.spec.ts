import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Agent, fetch as undiciFetch } from 'undici';
import { appearanceOf, expectError } from './support/answers';
import { formOf, Visitor } from './support/browser';
import { answerDevice, DEVICE_CODE, followLink, pollDevice, startDevice, type Waiting } from './support/device';
import { makeKey, makeOrganization, makeUser, manage, type TestKey, type TestUser } from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();
const GRANTS = { grantTypes: [DEVICE_CODE, 'refresh_token'] };

let org: string;
let issuer: string;
let user: TestUser;
let key: TestKey;
let tv: TestKey;

beforeEach(async () => {
  org = await makeOrganization();
  issuer = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body.issuer as string;
  [user, key, tv] = await Promise.all([makeUser(org), makeKey(org, GRANTS), makeKey(org, { ...GRANTS, public: true })]);
});

const page = (code?: string) => `/t/${org}/device${code === undefined ? '' : `?user_code=${code}`}`;

describe('the device authorization endpoint', () => {
  it('DV-01 X-03 answers with both codes, and where to go', async () => {
    for (const path of ['/device_authorize', '/oauth2/device_authorize', `/t/${org}/oauth2/device_authorize`]) {
      const { status, headers, body } = await keyward.send(path, { form: { scope: 'openid' }, basic: key.basic });
      expect([status, headers['cache-control'], headers['pragma']]).toEqual([200, 'no-store', 'no-cache']);
      expect(headers['content-type']).toMatch(/^application\/json/);
      expect(body).toEqual({
        device_code: expect.stringMatching(/^kdc_[\w-]{72}$/),
        user_code: expect.stringMatching(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/),
        verification_uri: `${issuer}/device`,
        verification_uri_complete: `${issuer}/device?user_code=${body.user_code}`,
        expires_in: 600,
        interval: 5,
      });
    }
  });

  it('DV-01 CA-08 wants the client to prove itself as it is registered', async () => {
    const { consumerKey } = key;
    const send = (form: Record<string, string>, basic?: [string, string]) =>
      keyward.send('/device_authorize', { form, basic });
    expectError(await send({ client_id: consumerKey }), 'invalid_client');
    expectError(await send({}, [consumerKey, 'wrong']), 'invalid_client');
    expectError(await send({}), 'invalid_client');
    expect((await send({ client_id: tv.consumerKey })).status).toBe(200);
    const other = await makeOrganization();
    expectError(await keyward.send(`/t/${other}/device_authorize`, { form: {}, basic: key.basic }), 'invalid_client');
    expect((await keyward.send('/device_authorize', { method: 'GET' })).status).toBe(405);
  });

  it('DV-01 TE-05 refuses clients that are not allowed the grant, and what is no list of scopes', async () => {
    const plain = await makeKey(org);
    expectError(await keyward.send('/device_authorize', { form: {}, basic: plain.basic }), 'unauthorized_client');
    expectError(await plain.token({ grant_type: DEVICE_CODE, device_code: 'x' }), 'unauthorized_client');
    const send = (scope: string) => keyward.send('/device_authorize', { form: { scope }, basic: key.basic });
    expectError(await send('a  b'), 'invalid_scope');
    expectError(await send('x'.repeat(2001)), 'invalid_scope');
    const resource = 'https://other.example/';
    expectError(await keyward.send('/device_authorize', { form: { resource }, basic: key.basic }), 'invalid_target');
  });
});

describe('a device', () => {
  it('DV-02 DV-03 AC-01 BL-02 waits, gets tokens of the user who allowed it, once, and goes on with them', async () => {
    const waiting = await startDevice(key, { scope: 'openid offline_access' });
    expectError(await pollDevice(key, waiting), 'authorization_pending');
    expect((await answerDevice(waiting, user)).text).toContain('Your device is connected');
    const { status, body, headers } = await pollDevice(key, waiting);
    expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
    expect(decodeJwt(body.access_token)).toMatchObject({ sub: user.id, client_id: key.consumerKey, amr: ['pwd'] });
    expect(decodeJwt(body.id_token)).toMatchObject({ sub: user.id, aud: key.consumerKey });
    expect(body.scope).toBe('openid offline_access');
    expectError(await pollDevice(key, waiting), 'invalid_grant');
    const next = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(decodeJwt(next.body.id_token)['sid']).toBe(decodeJwt(body.id_token)['sid'] ?? 'named');
    expect(await isActive(body.access_token, key)).toBe(true);
  });

  it('DV-02 slows down when it asks too early, and learns that its user refused', async () => {
    const waiting = await startDevice(tv);
    expectError(await pollDevice(tv, waiting), 'authorization_pending');
    expectError(await pollDevice(tv, waiting), 'slow_down');
    expect((await answerDevice(waiting, user, 'deny')).text).toContain('Your device is not connected');
    expectError(await pollDevice(tv, waiting), 'access_denied');
    expectError(await pollDevice(tv, waiting), 'access_denied');
  });

  it('DV-03 of many polls at once exactly one gets the tokens', async () => {
    const waiting = await startDevice(tv);
    await answerDevice(waiting, user);
    const answers = await Promise.all(Array.from({ length: 12 }, () => pollDevice(tv, waiting)));
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    for (const answer of answers) if (answer.status !== 200) expectError(answer, 'invalid_grant');
  });

  it('DV-03 MT-02 abuse 10: its code is good for its own client alone, and nothing else is a device code', async () => {
    const waiting = await startDevice(key);
    await answerDevice(waiting, user);
    const [other, foreign] = [await makeKey(org, GRANTS), await makeKey(await makeOrganization(), GRANTS)];
    expectError(await pollDevice(other, waiting), 'invalid_grant');
    expectError(await pollDevice(foreign, waiting), 'invalid_grant');
    const { body } = await pollDevice(key, waiting);
    for (const device_code of [waiting.user_code, body.access_token, body.refresh_token, 'x', 'kdc_'])
      expectError(await key.token({ grant_type: DEVICE_CODE, device_code }), 'invalid_grant');
    for (const refresh_token of [waiting.device_code, (await startDevice(key)).device_code])
      expectError(await key.token({ grant_type: 'refresh_token', refresh_token }), 'invalid_grant');
    expectError(await key.token({ grant_type: DEVICE_CODE }), 'invalid_request');
  });

  it('RT-10 abuse 14: gets nothing for a user who was disabled, and loses all with the consent', async () => {
    const [late, waiting] = [await startDevice(tv), await startDevice(key)];
    const disabled = await makeUser(org);
    await answerDevice(late, disabled);
    await manage('PATCH', `/${org}/users/${disabled.username}`, { state: 'disabled' });
    expectError(await pollDevice(tv, late), 'invalid_grant');

    await answerDevice(waiting, user);
    const { body } = await pollDevice(key, waiting);
    const consents = `/${org}/users/${user.username}/consents`;
    expect((await manage('GET', consents)).items).toMatchObject([{ clientId: key.consumerKey }]);
    await manage('DELETE', `${consents}/${key.consumerKey}`);
    expectError(await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token }), 'invalid_grant');
    expect(await isActive(body.access_token, key)).toBe(false);
  });

  it('goes on when the browser is signed out, which was another device', async () => {
    const [waiting, visitor] = [await startDevice(key), new Visitor()];
    await answerDevice(waiting, user, 'allow', visitor);
    const { body } = await pollDevice(key, waiting);
    await visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
    const next = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token });
    expect(next.status).toBe(200);
  });
});

describe('the page', () => {
  it('DV-04 takes the code as it is typed, and asks with the client’s name and the code, by a link as well', async () => {
    const [waiting, visitor] = [await startDevice(tv, { scope: 'openid' }), new Visitor()];
    const typed = waiting.user_code.replace('-', ' ').toLowerCase();
    const signIn = await visitor.submit(await visitor.get(page()), { user_code: typed });
    expect(signIn.text).toContain(`Sign in to ${tv.application}`);
    const confirm = await visitor.submit(signIn, { username: user.username, password: user.password });
    for (const shown of [tv.application, waiting.user_code, user.username, 'know who you are'])
      expect(confirm.text).toContain(shown);
    // Once more, with everything agreed to before and the code in the link.
    await visitor.submit(confirm, { decision: 'allow' });
    const again = await startDevice(tv, { scope: 'openid' });
    const asked = await followLink(visitor, page(again.user_code));
    expect(asked.text).toContain('value="allow"');
    expect(asked.text).toContain(again.user_code);
    expectError(await pollDevice(tv, again), 'authorization_pending');
  });

  it('DV-04 BF-21 a link alone is no try: neither a right code nor wrong ones, nor what another site posts', async () => {
    const [waiting, visitor] = [await startDevice(tv), new Visitor()];
    const shown = (code: string, text: string) => text.replaceAll(code, '').replace(/name="csrf" value="[^"]*"/, '');
    const right = await new Visitor().get(page(waiting.user_code));
    for (const code of ['BBBB-BBBB', 'CCCC-CCCC', 'DDDD-DDDD', 'FFFF-FFFF', 'GGGG-GGGG', 'HHHH-HHHH', 'JJJJ-JJJJ']) {
      const wrong = await new Visitor().get(page(code));
      expect([wrong.status, shown(code, wrong.text)]).toEqual([200, shown(waiting.user_code, right.text)]);
      const { fields } = formOf(wrong);
      for (const path of ['device', 'device/sign-in', 'device/confirm']) {
        const posted = await visitor.post(`/t/${org}/${path}?user_code=${code}`, { ...fields, user_code: code });
        expect([posted.status, posted.text.includes('No device waits')]).toEqual([400, false]);
      }
      await new Visitor().get(`${page(code)}&typed=${'A'.repeat(43)}`);
    }
    expect(right.text).toContain(`value="${waiting.user_code}"`);
    expect((await answerDevice(waiting, user)).text).toContain('Your device is connected');
  });

  it('DV-04 BF-21 BF-05 looks at no more after five wrong codes', async () => {
    const [waiting, visitor] = [await startDevice(tv), new Visitor()];
    for (const code of ['BBBB-BBBB', 'CCCC-CCCC', 'DDDD-DDDD', 'FFFF-FFFF', 'GGGG-GGGG']) {
      const wrong = await followLink(visitor, page(code));
      expect([wrong.status, wrong.text.includes('No device waits for this code')]).toEqual([400, true]);
    }
    const limited = await followLink(visitor, page(waiting.user_code));
    expect([limited.status, limited.headers['retry-after']]).toEqual([429, expect.stringMatching(/^\d+$/)]);
    expect(limited.text).toContain('Too many wrong codes');
    expect((await answerDevice(waiting, user).catch(() => undefined))?.text ?? '').not.toContain('connected');
    expectError(await pollDevice(tv, waiting), 'authorization_pending');
  });

  it('DV-05 AZ-07 can neither be framed nor kept, and has no code in it', async () => {
    const [waiting, visitor] = [await startDevice(tv), new Visitor()];
    const code = await visitor.get(page());
    const signIn = await followLink(visitor, page(waiting.user_code));
    const confirm = await visitor.submit(signIn, { username: user.username, password: user.password });
    const done = await visitor.submit(confirm, { decision: 'allow' });
    const unknown = await followLink(visitor, page(waiting.user_code));
    for (const { headers, text } of [code, signIn, confirm, done, unknown]) {
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).toContain("frame-ancestors 'none'");
      expect(headers).toMatchObject({ 'x-frame-options': 'DENY', 'referrer-policy': 'no-referrer' });
      expect(headers['cache-control']).toBe('no-store');
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:|<script/i);
      expect(Buffer.byteLength(text)).toBeLessThan(30_000);
    }
  });

  it('DV-05 abuse 28: takes its forms from this browser alone, and none out of its turn', async () => {
    const [waiting, visitor] = [await startDevice(tv), new Visitor()];
    const { fields } = formOf(await visitor.get(page()));
    const query = `user_code=${waiting.user_code}`;
    // Nobody is signed in: an answer is a question who it is.
    const early = await visitor.post(`/t/${org}/device/confirm?${query}`, { ...fields, decision: 'allow' });
    expect(early.text).toContain('type="password"');
    const confirm = await visitor.submit(await followLink(visitor, page(waiting.user_code)), {
      username: user.username,
      password: user.password,
    });
    const { action, fields: own } = formOf(confirm);
    const foreign = formOf(await new Visitor().get(page())).fields;
    for (const form of [{}, { csrf: '' }, foreign, fields])
      expect((await visitor.post(action, { ...form, decision: 'allow' })).status).toBe(400);
    const crossSite = { 'sec-fetch-site': 'cross-site' };
    expect((await visitor.post(action, { ...own, decision: 'allow' }, crossSite)).status).toBe(400);
    expect((await visitor.post(action, { ...own, decision: 'yes' })).status).toBe(400);
    expect((await visitor.post(action, own)).status).toBe(400);
    expectError(await pollDevice(tv, waiting), 'authorization_pending');
    expect((await visitor.post(action, { ...own, decision: 'allow' })).text).toContain('is connected');
  });

  it('DV-05 MT-08 is for the users of the client’s organization, unless the client is for all', async () => {
    const stranger = await makeUser(await makeOrganization());
    const waiting = await startDevice(tv);
    const visitor = new Visitor();
    const signIn = await followLink(visitor, page(waiting.user_code));
    const refused = await visitor.submit(signIn, { username: stranger.loginName, password: stranger.password });
    expect([refused.status, visitor.cookies.has(`__Host-keyward-session-${org}`)]).toEqual([400, false]);

    const open = await makeKey(org, { ...GRANTS, public: true, multiOrganization: true });
    const theirs = await startDevice(open);
    await answerDevice(theirs, { ...stranger, username: stranger.loginName }, 'allow', visitor);
    expect(decodeJwt((await pollDevice(open, theirs)).body.access_token).sub).toBe(stranger.id);
    // Signed in for that one, and a stranger to the other.
    expect((await followLink(visitor, page(waiting.user_code))).text).toContain('type="password"');
  });

  it('BF-06 abuse 15: counts wrong passwords as all other ways in do, and answers the same', async () => {
    const [waiting, locked] = [await startDevice(tv), await makeUser(org)];
    for (let n = 0; n < 5; n++) await makeWrong(locked.loginName);
    const visitor = new Visitor();
    const signIn = await followLink(visitor, page(waiting.user_code));
    const answers = [];
    for (const { username, password } of [locked, { ...user, password: 'wrong' }, { ...user, username: 'nobody' }]) {
      const answer = appearanceOf(await visitor.submit(signIn, { username, password })) as { text: string };
      answers.push({ ...answer, headers: undefined, text: answer.text.replace(/value="[^"]*"\s+aria-/, '') });
    }
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]).toMatchObject({ status: 400 });
  });
  const makeWrong = async (loginName: string) =>
    (await makeKey(org)).signIn({ loginName, password: 'a wrong password' });

  it('MT-09 abuse 39: shows names as they are', async () => {
    const hostile = `"><script>alert(1)</script>`;
    await manage('PATCH', `/${org}`, { name: hostile });
    const waiting = await startDevice(tv);
    const code = encodeURIComponent(hostile);
    for (const path of [page(waiting.user_code), page(code), `${page()}?ui_locales=${code}`])
      expect((await new Visitor().get(path)).text).not.toContain('<script>');
  });

  it('speaks the language that the browser or the link asks for', async () => {
    const waiting = await startDevice(tv);
    expect((await new Visitor('de').get(page())).text).toContain('Ein Gerät verbinden');
    const [german, english] = [new Visitor('de'), new Visitor('en')];
    const signIn = await followLink(english, `${page(waiting.user_code)}&ui_locales=de`);
    expect(signIn.text).toContain('Anmelden');
    const confirm = await english.submit(signIn, { username: user.username, password: user.password });
    expect(confirm.text).toContain('bittet um Zugriff');
    expect((await answerDevice(waiting, user, 'allow', german)).text).toContain('Ihr Gerät ist verbunden');
  });
});

describe('foreign clients', () => {
  const agent = new Agent({ connect: { ca: keyward.ca } });
  const trusting = ((url: string, init: object) => undiciFetch(url, { ...init, dispatcher: agent })) as never;
  afterAll(() => agent.close());

  it('DV-01 DV-02 openid-client finds the endpoint, polls as it is told, and gets tokens', async () => {
    const auth = openid.ClientSecretBasic(key.consumerSecret);
    const config = await openid.discovery(new URL(issuer), key.consumerKey, undefined, auth, {
      [openid.customFetch]: trusting,
    });
    const waiting = await openid.initiateDeviceAuthorization(config, { scope: 'openid' });
    await answerDevice(waiting as Waiting, user);
    const tokens = await openid.pollDeviceAuthorizationGrant(config, waiting);
    expect(tokens.claims()?.sub).toBe(user.id);
  });

  it('DV-01 DV-02 oauth4webapi reads every answer', async () => {
    const http = { [oauth.customFetch]: trusting };
    const server = await oauth.processDiscoveryResponse(
      new URL(issuer),
      await oauth.discoveryRequest(new URL(issuer), http),
    );
    const client: oauth.Client = { client_id: tv.consumerKey };
    const begun = await oauth.deviceAuthorizationRequest(server, client, oauth.None(), {}, http);
    const waiting = await oauth.processDeviceAuthorizationResponse(server, client, begun);
    const poll = () => oauth.deviceCodeGrantRequest(server, client, oauth.None(), waiting.device_code, http);
    await expect(
      poll().then((answer) => oauth.processDeviceCodeResponse(server, client, answer)),
    ).rejects.toMatchObject({ error: 'authorization_pending' });
    await answerDevice(waiting as Waiting, user);
    const tokens = await oauth.processDeviceCodeResponse(server, client, await poll());
    expect(tokens.token_type).toBe('bearer');
  });
});
