import { deployment } from '@keyward/testing';
import { answerOf, authorizationUrl, codeFor, formOf, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { makeKey, makeOrganization, makeUser, manage, type TestKey, type TestUser } from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();

let org: string;
let key: TestKey;
let user: TestUser;

beforeAll(async () => {
  org = await makeOrganization();
  key = await makeKey(org, { redirectUris: [REDIRECT_URI] });
});
beforeEach(async () => {
  user = await makeUser(org);
});

const request = (params: Record<string, string> = {}) =>
  authorizationUrl(org, { client_id: key.consumerKey, code_challenge: pkce().challenge, ...params });
const isSignedIn = async (visitor: Visitor) =>
  (await visitor.get(request({ prompt: 'none' }))).headers['location']?.includes('code=');
const tokensOf = async (visitor: Visitor, params: Record<string, string> = {}) =>
  (await key.token(await codeFor(org, key, user, params, visitor))).body;

describe('a session', () => {
  it('AZ-11 is a cookie that no script, other host or other site gets, and whose value is nowhere', async () => {
    const visitor = new Visitor();
    const { action, fields } = formOf(await visitor.get(request()));
    const answer = await visitor.post(action, { ...fields, username: user.username, password: user.password });
    const cookie = answer.headers['set-cookie'] ?? '';
    expect(cookie).toMatch(
      new RegExp(`^__Host-keyward-session-${org}=kss_[\\w-]{72}; Path=/; Secure; HttpOnly; SameSite=Lax$`),
    );
    const { items } = await manage('GET', `/${org}/users/${user.username}/sessions`);
    expect(JSON.stringify(items)).not.toContain(visitor.cookies.get(`__Host-keyward-session-${org}`));
  });

  it('MT-08 is of one organization alone', async () => {
    const visitor = new Visitor();
    await tokensOf(visitor);
    const elsewhere = await makeOrganization();
    const other = await makeKey(elsewhere, { redirectUris: [REDIRECT_URI] });
    const url = authorizationUrl(elsewhere, {
      client_id: other.consumerKey,
      code_challenge: pkce().challenge,
      prompt: 'none',
    });
    expect(answerOf(await visitor.get(url))).toMatchObject({ error: 'login_required' });
    // Nor does its value do under the other's name.
    visitor.cookies.set(
      `__Host-keyward-session-${elsewhere}`,
      visitor.cookies.get(`__Host-keyward-session-${org}`) ?? '',
    );
    expect(answerOf(await visitor.get(url))).toMatchObject({ error: 'login_required' });
  });

  it('ASVS 7.2.4 has another value after each sign-in, and the one before is worth nothing', async () => {
    const visitor = new Visitor();
    await tokensOf(visitor);
    const thief = new Visitor();
    for (const [name, value] of visitor.cookies) thief.cookies.set(name, value);
    expect(await isSignedIn(thief)).toBe(true);
    await visitor.signIn(await visitor.get(request({ prompt: 'login' })), user);
    expect([await isSignedIn(visitor), await isSignedIn(thief)]).toEqual([true, false]);
  });

  it('abuse 16 abuse 17: is no other value', async () => {
    const visitor = new Visitor();
    const { refresh_token } = await tokensOf(visitor);
    const name = `__Host-keyward-session-${org}`;
    const value = visitor.cookies.get(name) ?? '';
    for (const other of [refresh_token as string, value.slice(0, -1), `${value}A`, value.toLowerCase(), '', '%00']) {
      visitor.cookies.set(name, other);
      expect(await isSignedIn(visitor)).toBe(false);
    }
  });

  it.each(['a new password', 'being disabled', 'an administrator', 'the command line', 'signing out'])(
    'C-62 ends by %s, and with it what it gave',
    async (how) => {
      const visitor = new Visitor();
      const tokens = await tokensOf(visitor);
      const path = `/${org}/users/${user.username}`;
      if (how === 'a new password') await manage('POST', `${path}/reset-password`, {});
      if (how === 'being disabled') await manage('PATCH', path, { state: 'disabled' });
      if (how === 'an administrator') await manage('DELETE', `${path}/sessions`);
      if (how === 'the command line') await keyward.cli(['sessions', 'end', user.username, '--org', org]);
      if (how === 'signing out') await visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
      expect(await isSignedIn(visitor)).toBe(false);
      expect(await isActive(tokens.access_token, key)).toBe(false);
      expect((await key.token({ grant_type: 'refresh_token', refresh_token: tokens.refresh_token })).status).toBe(400);
    },
  );

  it('AC-02 that has ended gives nothing for a code it had given', async () => {
    const form = await codeFor(org, key, user);
    await manage('DELETE', `/${org}/users/${user.username}/sessions`);
    expect((await key.token(form)).body.error).toBe('invalid_grant');
  });

  it('goes on for the same user who signs in again, and ends for another', async () => {
    const visitor = new Visitor();
    const first = await tokensOf(visitor);
    await visitor.signIn(await visitor.get(request({ prompt: 'login' })), user);
    expect(await isActive(first.access_token, key)).toBe(true);
    await visitor.signIn(await visitor.get(request({ prompt: 'login' })), await makeUser(org));
    expect(await isActive(first.access_token, key)).toBe(false);
  });
});

describe('"your sessions and consents"', () => {
  it('shows them to their user alone, and ends them', async () => {
    const [here, there] = [new Visitor(), new Visitor()];
    await tokensOf(here);
    const elsewhere = await tokensOf(there);
    const page = await here.get(`/t/${org}/account`);
    expect(page.text).toContain(key.application);
    expect(page.text.match(/account\/end-session/g)).toHaveLength(2);
    const { items } = await manage('GET', `/${org}/users/${user.username}/sessions`);
    const [{ id }] = items; // The newest is the other browser's.
    await here.submit(page, { id });
    expect([await isSignedIn(here), await isSignedIn(there)]).toEqual([true, false]);
    expect(await isActive(elsewhere.access_token, key)).toBe(false);
  });

  it('AZ-11 takes a consent back, and with it what the application has of it', async () => {
    const visitor = new Visitor();
    const tokens = await tokensOf(visitor);
    const { action, fields } = formOf(await visitor.get(`/t/${org}/account`));
    const withdrawn = { csrf: fields['csrf'] ?? '', client: key.consumerKey };
    expect((await visitor.post(action.replace('end-session', 'withdraw'), withdrawn)).status).toBe(303);
    expect(await isActive(tokens.access_token, key)).toBe(false);
    expect(answerOf(await visitor.get(request({ prompt: 'none' })))).toMatchObject({ error: 'consent_required' });
  });

  it('AZ-07 shows a part of many at a time, of which all can be reached and ended, by administrators as well', async () => {
    const [visitor, others] = [new Visitor(), Array.from({ length: 24 }, () => new Visitor())];
    const keys = await Promise.all(Array.from({ length: 12 }, () => makeKey(org, { redirectUris: [REDIRECT_URI] })));
    for (const other of others) await other.signIn(await other.get(request()), user);
    for (const client of keys) await codeFor(org, client, user, {}, visitor);
    const valuesOf = (text: string, name: string) =>
      [...text.matchAll(new RegExp(`name="${name}"\\s+value="([^"]*)"`, 'g'))].map(([, value = '']) => value);
    const linkIn = (text: string, list: string) => new RegExp(`href="([^"]*account\\?${list}=[^"]*)"`).exec(text)?.[1];
    const all = async (list: string, name: string) => {
      const found: string[][] = [];
      for (let path: string | undefined = `/t/${org}/account`; path !== undefined;) {
        const { text, status } = await visitor.get(path);
        expect([status, Buffer.byteLength(text) < 30_000]).toEqual([200, true]);
        found.push(valuesOf(text, name));
        path = linkIn(text, list);
      }
      return found;
    };
    const [sessions, consents] = [await all('sessions', 'id'), await all('consents', 'client')];
    expect(sessions.map(({ length }) => length)).toEqual([20, 5]);
    expect(new Set(sessions.flat()).size).toBe(25);
    expect(consents.map(({ length }) => length)).toEqual([10, 3]);
    expect(consents.flat().sort()).toEqual([key, ...keys].map(({ consumerKey }) => consumerKey).sort());

    const path = `/${org}/users/${user.username}`;
    const first = await manage('GET', `${path}/sessions?limit=20`);
    const second = await manage('GET', `${path}/sessions?limit=20&after=${first.next as string}`);
    expect([...first.items, ...second.items].map(({ id }: { id: string }) => id)).toEqual(sessions.flat());
    expect(second).not.toHaveProperty('next');
    expect(await keyward.cliJson('consents', 'list', user.username, '--org', org)).toHaveLength(13);
    for (const query of ['sessions=x', 'sessions=', `consents=%00`, `consents=${'x'.repeat(400)}`])
      expect((await visitor.get(`/t/${org}/account?${query}`)).status).toBeLessThan(500);
    await manage('DELETE', `${path}/sessions`);
    expect((await manage('GET', `${path}/sessions`)).items).toEqual([]);
    expect(await isSignedIn(others[0] ?? visitor)).toBe(false);
  });

  it('asks whoever is not signed in to sign in, without any client', async () => {
    const visitor = new Visitor();
    const page = await visitor.get(`/t/${org}/account`);
    const account = await visitor.submit(page, { username: user.loginName, password: user.password });
    expect(account.text).toContain(user.username);
    const root = new Visitor();
    const own = await root.submit(await root.get('/sign-in'), { username: user.loginName, password: user.password });
    expect(own.text).toContain(user.username);
  });

  it('MT-01 shows nobody another user’s, and ends none of them', async () => {
    const [visitor, other] = [new Visitor(), new Visitor()];
    await tokensOf(visitor);
    const victim = await makeUser(org);
    const tokens = (await key.token(await codeFor(org, key, victim, {}, other))).body;
    const { items } = await manage('GET', `/${org}/users/${victim.username}/sessions`);
    await visitor.submit(await visitor.get(`/t/${org}/account`), { id: items[0].id });
    expect(await isSignedIn(other)).toBe(true);
    expect(await isActive(tokens.access_token, key)).toBe(true);
  });
});

it('AZ-11 consents are listed and withdrawn by the command line', async () => {
  const visitor = new Visitor();
  const tokens = await tokensOf(visitor);
  const run = (...args: string[]) => keyward.cliJson(...args, '--org', org);
  expect(await run('sessions', 'list', user.username)).toMatchObject([{ sub: user.id, clients: [key.consumerKey] }]);
  expect(await run('consents', 'list', user.username)).toMatchObject([
    { clientId: key.consumerKey, name: key.application },
  ]);
  await keyward.cli(['consents', 'withdraw', user.username, key.consumerKey, '--org', org]);
  expect(await run('consents', 'list', user.username)).toEqual([]);
  expect(await isActive(tokens.access_token, key)).toBe(false);
});
