import { deployment } from '@keyward/testing';
import { appearanceOf } from './support/answers';
import { authorizationUrl, codeFor, formOf, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, manage, type TestKey, type TestUser } from './support/operator';

const keyward = deployment();

let org: string;
let key: TestKey;
let user: TestUser;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org, { redirectUris: [REDIRECT_URI] });
  user = await makeUser(org);
});

const request = (params: Record<string, string> = {}) =>
  authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, ...params });

/** Every kind of page, as one visitor meets them. */
async function everyPage() {
  const visitor = new Visitor();
  const signIn = await visitor.get(request());
  const wrong = await visitor.submit(signIn, { username: user.username, password: 'wrong' });
  const { username, password } = user;
  const consent = await visitor.submit(await visitor.get(request({ prompt: 'consent' })), { username, password });
  const account = await visitor.get(`/t/${org}/account`);
  const signOut = await visitor.get(`/t/${org}/sign-out`);
  const formPost = await visitor.submit(await visitor.get(request({ response_mode: 'form_post', prompt: 'consent' })), {
    decision: 'allow',
  });
  const signedOut = await visitor.submit(signOut, {});
  const error = await visitor.get(request({ redirect_uri: 'https://evil.example/' }));
  const notFound = await visitor.get('/t/no-such-organization/authorize');
  return { signIn, wrong, consent, account, signOut, formPost, signedOut, error, notFound };
}

describe('every page', () => {
  it('AZ-07 can neither be framed nor kept, loads nothing from elsewhere, has no code in it, and is small', async () => {
    for (const [name, { status, headers, text }] of Object.entries(await everyPage())) {
      const expected = { wrong: 400, error: 400, notFound: 404 }[name] ?? 200;
      expect([name, status]).toEqual([name, expected]);
      const policy = headers['content-security-policy'] ?? '';
      expect(policy).toContain("default-src 'none'");
      expect(policy).toContain("frame-ancestors 'none'");
      expect(policy).not.toMatch(/unsafe|\*/);
      expect(headers).toMatchObject({
        'content-type': 'text/html; charset=utf-8',
        'x-frame-options': 'DENY',
        'referrer-policy': 'no-referrer',
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
      });
      expect(text).not.toMatch(/<style|\sstyle=|\son\w+=|javascript:/i);
      for (const [, content] of text.matchAll(/<script[^>]*>([^<]*)<\/script>/g)) expect(content).toBe('');
      for (const [, url] of text.matchAll(/(?:src|href)="([^"]*)"/g)) expect(url).toMatch(/^(\/(?!\/)|data:,$)/);
      expect(Buffer.byteLength(text)).toBeLessThan(30_000);
    }
    const style = await keyward.send(`/t/${org}/pages.css`);
    expect([style.status, style.headers['content-type']]).toEqual([200, 'text/css; charset=utf-8']);
    expect(Buffer.byteLength(style.text)).toBeLessThan(30_000);
  });

  it('speaks the language that the client or the browser asks for', async () => {
    const texts = { en: 'Sign in', de: 'Anmelden' };
    for (const [language, text] of Object.entries(texts)) {
      expect((await new Visitor(`fr, ${language};q=0.5`).get(request())).text).toContain(text);
      expect((await new Visitor('fr').get(request({ ui_locales: `fr ${language}-XX` }))).text).toContain(text);
    }
    expect((await new Visitor('xx').get(request())).text).toContain('<html lang="en">');
  });

  it('abuse 48: takes any number of languages, and answers in one it has', async () => {
    const wishes = Array.from({ length: 300 }, (_, n) => `x${n}`).join(',');
    expect((await new Visitor(wishes).get(request({ ui_locales: '__proto__ constructor toString' }))).status).toBe(200);
  });

  const HOSTILE = `"><script>alert(1)</script>'\`{{7*7}}`;
  it('MT-09 abuse 39: shows names as they are, whatever is in them', async () => {
    const own = await makeOrganization();
    await manage('PATCH', `/${own}`, { name: HOSTILE });
    await manage('POST', `/${own}/applications`, { name: HOSTILE });
    const path = `/${own}/applications/${encodeURIComponent(HOSTILE)}/keys`;
    const { key: made } = await manage('POST', path, { kind: 'production', redirectUris: [REDIRECT_URI] });
    const url = authorizationUrl(own, {
      client_id: made.consumerKey,
      code_challenge: pkce().challenge,
      login_hint: HOSTILE,
      state: HOSTILE,
      response_mode: 'form_post',
    });
    const visitor = new Visitor();
    const { username, password } = await makeUser(own);
    const signIn = await visitor.get(url);
    const consent = await visitor.submit(signIn, { username, password });
    const answer = await visitor.submit(consent, { decision: 'allow' });
    const account = await visitor.get(`/t/${own}/account`);
    for (const { text } of [signIn, consent, answer, account]) expect(text).not.toContain('<script>');
    expect(formOf(answer).fields['state']).toBe(HOSTILE);
  });
});

describe('a form', () => {
  it('abuse 28: AZ-11 is taken from a page of ours in this browser alone', async () => {
    const typed = { username: user.username, password: user.password };
    const visitor = new Visitor();
    const { action, fields } = formOf(await visitor.get(request()));
    const stranger = formOf(await new Visitor().get(request())).fields;
    for (const form of [{}, { csrf: '' }, { csrf: 'x' }, stranger]) {
      const answer = await visitor.post(action, { ...typed, ...form });
      expect(answer.status).toBe(400);
      expect(visitor.cookies.has(`__Host-keyward-session-${org}`)).toBe(false);
    }
    const crossSite = await visitor.post(action, { ...typed, ...fields }, { 'sec-fetch-site': 'cross-site' });
    expect(crossSite.status).toBe(400);
    expect((await visitor.post(action, { ...typed, ...fields })).headers['set-cookie']).toContain(
      '__Host-keyward-session-',
    );
  });

  it('abuse 28: steps cannot be skipped: consent without signing in, empty and foreign forms', async () => {
    const visitor = new Visitor();
    const { fields } = formOf(await visitor.get(request()));
    const query = request().split('?')[1];
    const consent = await visitor.post(`/t/${org}/consent?${query}`, { ...fields, decision: 'allow' });
    expect(consent.text).toContain('type="password"');
    expect(visitor.cookies.has(`__Host-keyward-session-${org}`)).toBe(false);
    for (const form of [{}, fields]) {
      const empty = await visitor.post(`/t/${org}/sign-in?${query}`, form);
      expect([empty.status, empty.headers['location']]).toEqual([400, undefined]);
    }
    const elsewhere = await visitor.post(
      `/t/${org}/sign-in?client_id=${key.consumerKey}&redirect_uri=https://evil.example`,
      {
        ...fields,
        username: user.username,
        password: user.password,
      },
    );
    expect([elsewhere.status, elsewhere.headers['location']]).toEqual([400, undefined]);
  });

  it('of a page from before somebody signed in is out of date', async () => {
    const visitor = new Visitor();
    const before = await visitor.get(request());
    await codeFor(org, key, user, {}, visitor);
    const { action, fields } = formOf(before);
    const late = await visitor.post(action, { ...fields, username: user.username, password: user.password });
    // Whoever is signed in already goes on with that.
    expect([late.status, late.headers['location']?.startsWith(REDIRECT_URI)]).toEqual([303, true]);
  });
});

describe('a wrong sign-in', () => {
  it('BF-06 abuse 25: looks the same, whatever was wrong', async () => {
    const [disabled, locked] = [await makeUser(org), await makeUser(org)];
    await manage('PATCH', `/${org}/users/${disabled.username}`, { state: 'disabled' });
    const wrong = 'a wrong password';
    const visitor = new Visitor();
    const page = await visitor.get(request());
    for (let n = 0; n < 5; n++) await visitor.submit(page, { username: locked.username, password: wrong });
    const looks = [];
    for (const typed of [
      { username: locked.username, password: locked.password }, // at once: it is closed for a second
      { username: user.username, password: wrong },
      { username: 'nobody-at-all', password: wrong },
      { username: `${user.username}@no-such-organization`, password: user.password },
      { username: `${user.username}@root`, password: user.password },
      { username: disabled.username, password: disabled.password },
    ]) {
      const answer = await visitor.submit(page, typed);
      const { text, ...rest } = appearanceOf(answer) as { text: string; headers: object; status: number };
      const headers = { ...rest.headers, 'content-length': undefined };
      looks.push({ ...rest, headers, text: text.replace(/value="[^"]*"\s+aria-describedby/, '') });
    }
    expect(looks[0]).toMatchObject({ status: 400 });
    for (const look of looks) expect(look).toEqual(looks[0]);
  });

  it('abuse 15 abuse 26: is counted with those of the password grant, both ways', async () => {
    const [one, other] = [await makeUser(org), await makeUser(org)];
    const visitor = new Visitor();
    const page = await visitor.get(request());
    for (let n = 0; n < 5; n++) await visitor.submit(page, { username: one.username, password: 'wrong' });
    expect((await key.signIn(one)).body.error).toBe('invalid_grant');
    for (let n = 0; n < 5; n++) await key.signIn({ ...other, password: 'wrong' });
    const refused = await visitor.submit(page, { username: other.username, password: other.password });
    expect(refused.status).toBe(400);
  });

  it('abuse 27: forwarding headers change nothing', async () => {
    const visitor = new Visitor();
    const { action, fields } = formOf(await visitor.get(request()));
    for (const forwarded of ['a', '203.0.113.1', '', '::', '127.0.0.1, 127.0.0.1']) {
      const typed = { ...fields, username: user.username, password: 'wrong' };
      expect((await visitor.post(action, typed, { 'x-forwarded-for': forwarded })).status).toBe(400);
    }
  });
});
