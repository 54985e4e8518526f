import { deployment } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { foreignServer, type ForeignServer } from './support/foreign-server';
import { ask, expectProblem } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type KeyOptions,
  type TestKey,
  type TestUser,
} from './support/operator';
import { introspect } from './support/tokens';

const keyward = deployment();
const UUID_8 = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const ELSEWHERE = 'https://elsewhere.example/callback';

let server: ForeignServer;
let org: string;
let user: TestUser;
let key: TestKey;
/** Of the same sector, and of another. */
let sibling: TestKey;
let stranger: TestKey;

const pairwise = (settings: KeyOptions = {}) =>
  makeKey(org, { redirectUris: [REDIRECT_URI], subjectType: 'pairwise', ...settings });

beforeAll(async () => {
  [server, org] = await Promise.all([foreignServer(), makeOrganization()]);
  [user, key, sibling, stranger] = await Promise.all([
    makeUser(org),
    pairwise(),
    pairwise({ redirectUris: [`${REDIRECT_URI}/other`] }),
    pairwise({ redirectUris: [ELSEWHERE] }),
  ]);
});
afterAll(() => server.close());

/** All that a client gets by the code of a user. */
async function tokensOf(client: TestKey, { redirectUri = REDIRECT_URI, visitor = new Visitor(), person = user } = {}) {
  const params = { scope: 'openid profile offline_access', redirect_uri: redirectUri };
  const form = await codeFor(org, client, person, params, visitor);
  const { body, status, text } = await client.token(form);
  if (status !== 200) throw new Error(text);
  return { ...(body as Record<'access_token' | 'refresh_token' | 'id_token', string>), code: form.code };
}
const subjectIn = (jwt: string) => decodeJwt(jwt).sub ?? '';

/** Every way in which an id could be read out of what a client was given. */
function expectHidden(text: string, ...ids: string[]): void {
  const parts = text.split(/[._\s"]/).map((part) => Buffer.from(part, 'base64url').toString('hex'));
  const forms = [
    text.toLowerCase(),
    ...parts,
    ...[4].map((skip) => Buffer.from(text.slice(skip), 'base64url').toString('hex')),
  ];
  for (const id of ids)
    for (const form of forms) {
      expect(form).not.toContain(id);
      expect(form).not.toContain(id.replaceAll('-', ''));
      expect(form).not.toContain(Buffer.from(id).toString('hex'));
    }
}

it('OC-09 a client with pairwise subjects knows its user by one name of its own, wherever it is told', async () => {
  const first = await tokensOf(key);
  const sub = subjectIn(first.id_token);
  expect(sub).toMatch(UUID_8);
  expect(sub).not.toBe(user.id);
  const { body: info } = await keyward.send(`/t/${org}/userinfo`, { bearer: first.access_token });
  expect(info.sub).toBe(sub);
  for (const token of [first.access_token, first.refresh_token])
    expect((await introspect(token, key)).body).toMatchObject({ active: true, sub });
  const { body: refreshed } = await key.token({ grant_type: 'refresh_token', refresh_token: first.refresh_token });
  expect(subjectIn(refreshed.id_token)).toBe(sub);
  expect((await introspect(refreshed.access_token, key)).body.sub).toBe(sub);
  const { body: byPassword } = await key.signIn(user, { scope: 'openid' });
  expect(subjectIn(byPassword.id_token)).toBe(sub);
  expect(subjectIn((await tokensOf(key)).id_token)).toBe(sub);
});

it('OC-09 signed UserInfo has that name as well', async () => {
  const signed = await pairwise({ userinfoSignedResponseAlg: 'ES256' });
  const { access_token, id_token } = await tokensOf(signed);
  const { text } = await keyward.send(`/t/${org}/userinfo`, { bearer: access_token });
  expect(subjectIn(text)).toBe(subjectIn(id_token));
});

it('OC-09 the name is the same in a sector, another in the next, another for the next user', async () => {
  const [one, two, three] = [
    await tokensOf(key),
    await tokensOf(sibling, { redirectUri: `${REDIRECT_URI}/other` }),
    await tokensOf(stranger, { redirectUri: ELSEWHERE }),
  ];
  expect(subjectIn(two.id_token)).toBe(subjectIn(one.id_token));
  expect(subjectIn(three.id_token)).not.toBe(subjectIn(one.id_token));
  const else1 = await tokensOf(key, { person: await makeUser(org) });
  expect(subjectIn(else1.id_token)).not.toBe(subjectIn(one.id_token));
});

it('OC-09 nothing that such a client is given tells who its user is, nor which session it is at others', async () => {
  const visitor = new Visitor();
  const mine = await tokensOf(key, { visitor });
  const others = await tokensOf(stranger, { visitor, redirectUri: ELSEWHERE });
  const session = (await manage('GET', `/${org}/users/${user.username}/sessions`)).items as { id: string }[];
  const ids = [user.id, ...session.map(({ id }) => id)];
  const refreshed = (await key.token({ grant_type: 'refresh_token', refresh_token: mine.refresh_token })).body;
  const again = (await key.token({ grant_type: 'refresh_token', refresh_token: mine.refresh_token })).body; // RT-05
  const told = await Promise.all(
    [mine.access_token, refreshed.refresh_token as string].map(async (token) => (await introspect(token, key)).text),
  );
  const { text } = await keyward.send(`/t/${org}/userinfo`, { bearer: mine.access_token });
  expect(again.refresh_token).toBe(refreshed.refresh_token);
  for (const given of [...Object.values(mine), ...Object.values(refreshed), ...told, text])
    expectHidden(String(given), ...ids);
  for (const each of told) expect(JSON.parse(each)).not.toHaveProperty('username');
  expect(decodeJwt(mine.id_token)['sid']).toMatch(UUID_8);
  expect(decodeJwt(refreshed.id_token as string)['sid']).toBe(decodeJwt(mine.id_token)['sid']);
  expect(decodeJwt(mine.id_token)['sid']).not.toBe(decodeJwt(others.id_token)['sid']);
  // The check sees what it looks for: a client that may know is told.
  const open = await makeKey(org, { redirectUris: [REDIRECT_URI] });
  const { code } = await codeFor(org, open, user);
  expect(() => expectHidden(code, user.id)).toThrow();
});

it('OC-09 IN-07 another client that looks at its tokens is told no other name', async () => {
  const { access_token, id_token } = await tokensOf(key);
  const api = await makeKey(org);
  const { body } = await introspect(access_token, api);
  expect(body).toMatchObject({ active: true, sub: subjectIn(id_token), client_id: key.consumerKey });
  expect(body).not.toHaveProperty('username');
});

it('OC-09 AZ-09 LO-02 an ID token of such a client is a hint to its user', async () => {
  const visitor = new Visitor();
  await manage('PATCH', `/${org}/keys/${key.consumerKey}`, { postLogoutRedirectUris: ['https://app.example/bye'] });
  const { id_token } = await tokensOf(key, { visitor });
  const hinted = (hint: string) => {
    const params = {
      client_id: key.consumerKey,
      code_challenge: pkce().challenge,
      prompt: 'none',
      id_token_hint: hint,
    };
    return visitor.get(authorizationUrl(org, { ...params, scope: 'openid profile offline_access' }));
  };
  expect(answerOf(await hinted(id_token))).toHaveProperty('code');
  const another = await tokensOf(key, { person: await makeUser(org) });
  expect(answerOf(await hinted(another.id_token))).toMatchObject({ error: 'login_required' });
  const query = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: 'https://app.example/bye' });
  const out = await visitor.get(`/t/${org}/logout?${query.toString()}`);
  expect(out.headers['location']).toBe('https://app.example/bye');
});

it('OC-09 BL-01 it is told of a session by the names that its ID token had', async () => {
  server.answers['/told'] = {};
  const told = await pairwise({ backchannelLogoutUri: `${server.url}/told` });
  const visitor = new Visitor();
  const { id_token } = await tokensOf(told, { visitor });
  await visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
  await eventually(async () => server.posted.some(({ url }) => url === '/told'));
  const body = server.posted.find(({ url }) => url === '/told')?.body ?? '';
  const { sub, sid } = decodeJwt(new URLSearchParams(body).get('logout_token') ?? '');
  expect({ sub, sid }).toEqual({ sub: subjectIn(id_token), sid: decodeJwt(id_token)['sid'] });
  expectHidden(body, user.id);
});

it('OC-09 RT-02 a refresh token that names nobody is its own client’s alone, and ends with its user', async () => {
  const person = await makeUser(org);
  const { refresh_token } = await tokensOf(key, { person });
  const stolen = await sibling.token({ grant_type: 'refresh_token', refresh_token });
  expect([stolen.status, stolen.body.error]).toEqual([400, 'invalid_grant']);
  const another = refresh_token.slice(0, -1) + (refresh_token.endsWith('_') ? '-' : '_');
  const forged = await key.token({ grant_type: 'refresh_token', refresh_token: another });
  expect(forged.body.error).toBe('invalid_grant');
  const { body, status } = await key.token({ grant_type: 'refresh_token', refresh_token });
  expect(status).toBe(200);
  await manage('PATCH', `/${org}/users/${person.username}`, { state: 'disabled' });
  const after = await key.token({ grant_type: 'refresh_token', refresh_token: body.refresh_token as string });
  expect(after.body.error).toBe('invalid_grant');
});

describe('DR-10 the sector of a client', () => {
  const create = async (body: object) => {
    const application = (await makeKey(org)).application;
    return ask('POST', `/${org}/applications/${application}/keys`, {
      kind: 'sandbox',
      subjectType: 'pairwise',
      ...body,
    });
  };
  const two = [REDIRECT_URI, ELSEWHERE];

  it('is told by a document that lists its redirect URIs, which clients of several hosts need', async () => {
    expectProblem(await create({ redirectUris: two }), 'invalid_request', 400);
    server.answers['/sector'] = { body: JSON.stringify([...two, 'https://third.example/']) };
    const sectorIdentifierUri = `${server.url}/sector`;
    const { status, body } = await create({ redirectUris: two, sectorIdentifierUri });
    expect([status, body.key.subjectType, body.key.tokenType]).toEqual([201, 'pairwise', 'opaque']);
    const path = `/${org}/keys/${body.key.consumerKey}`;
    const more = await ask('PATCH', path, { redirectUris: [...two, 'https://unlisted.example/'] });
    expectProblem(more, 'invalid_request', 400);
    expectProblem(await ask('PATCH', path, { sectorIdentifierUri: null }), 'invalid_request', 400);
    expect((await ask('PATCH', path, { redirectUris: [...two, 'https://third.example/'] })).status).toBe(200);
    const one = await create({ redirectUris: [ELSEWHERE], sectorIdentifierUri });
    expect(one.status).toBe(201);
  });

  it.each([
    ['a redirect', { status: 302, headers: { location: '/sector' } }],
    ['an object', { body: '{}' }],
    ['no JSON', { body: '<html>' }],
    ['another URI', { body: JSON.stringify([`${REDIRECT_URI}/`]) }],
    ['nothing', { status: 404 }],
  ])('abuse 37: is not taken from %s', async (_, answer) => {
    server.answers['/wrong'] = answer;
    const sectorIdentifierUri = `${server.url}/wrong`;
    expectProblem(await create({ redirectUris: [REDIRECT_URI], sectorIdentifierUri }), 'invalid_request', 400);
  });

  it('abuse 37: DR-09 is not looked for inside', async () => {
    for (const uri of [
      'http://app.example/s',
      'https://169.254.169.254/s',
      'https://10.0.0.1/s',
      'https://a@b.example/s',
    ])
      expectProblem(await create({ redirectUris: [REDIRECT_URI], sectorIdentifierUri: uri }), 'invalid_request', 400);
  });

  it('is none that strangers share, and no JWT tells what it hides', async () => {
    const native = { applicationType: 'native', redirectUris: ['http://127.0.0.1/callback'] };
    expectProblem(await create(native), 'invalid_request', 400);
    expectProblem(await create({}), 'invalid_request', 400);
    expectProblem(await create({ redirectUris: [REDIRECT_URI], tokenType: 'jwt' }), 'invalid_request', 400);
  });
});
