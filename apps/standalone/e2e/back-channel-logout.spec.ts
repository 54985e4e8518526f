import { deployment } from '@keyward/testing';
import { createLocalJWKSet, decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { codeFor, REDIRECT_URI, Visitor } from './support/browser';
import { foreignServer, type ForeignServer } from './support/foreign-server';
import { ask } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type KeyOptions,
  type TestKey,
} from './support/operator';
import { isActive } from './support/tokens';

const keyward = deployment();
const EVENT = 'http://schemas.openid.net/event/backchannel-logout';

let server: ForeignServer;
let org: string;
let issuer: string;
let count = 0;

beforeAll(async () => {
  server = await foreignServer();
  org = await makeOrganization();
  ({ issuer } = (await keyward.send(`/t/${org}/.well-known/openid-configuration`)).body);
});
afterAll(() => server.close());

/** A client that is told at a path of its own, which answers like this. */
async function listening(answer: ForeignServer['answers'][string] = {}, settings: KeyOptions = {}) {
  const path = `/logout/${++count}`;
  server.answers[path] = answer;
  const backchannelLogoutUri = `${server.url}${path}`;
  const key = await makeKey(org, { redirectUris: [REDIRECT_URI], backchannelLogoutUri, ...settings });
  const told = () => server.posted.filter(({ url }) => url === path);
  return { path, key, told };
}

async function signedIn(keys: TestKey[], visitor = new Visitor(), user = makeUser(org)) {
  const someone = await user;
  const tokens: Record<string, string>[] = [];
  for (const key of keys)
    tokens.push((await key.token(await codeFor(org, key, someone, { scope: 'openid' }, visitor))).body);
  return { visitor, user: someone, tokens };
}
const signOut = async (visitor: Visitor) => visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
const tokenIn = ({ body }: { body: string }) => new URLSearchParams(body).get('logout_token') ?? '';

it.each(['RS256', 'ES256'] as const)(
  'BL-01 BL-02 a client is told who was signed out, and of which session (%s)',
  async (alg) => {
    const { key, told } = await listening({}, { idTokenSignedResponseAlg: alg });
    const { visitor, user, tokens } = await signedIn([key]);
    await signOut(visitor);
    await eventually(async () => told().length > 0);
    const [posted] = told();
    expect(posted?.type).toBe('application/x-www-form-urlencoded');
    expect([...new URLSearchParams(posted?.body).keys()]).toEqual(['logout_token']);
    const { kid = '-' } = decodeProtectedHeader(tokenIn(posted ?? { body: '' }));
    await eventually(async () => (await keyward.send(`/t/${org}/jwks`)).text.includes(kid));
    const keys = createLocalJWKSet((await keyward.send(`/t/${org}/jwks`)).body);
    const options = { issuer, audience: key.consumerKey, typ: 'logout+jwt', algorithms: [alg] };
    const { payload } = await jwtVerify(tokenIn(posted ?? { body: '' }), keys, options);
    expect(payload).toEqual({
      ...{ iss: issuer, aud: key.consumerKey, sub: user.id, sid: decodeJwt(tokens[0]?.['id_token'] ?? '')['sid'] },
      ...{ iat: expect.any(Number), exp: expect.any(Number), jti: expect.any(String), events: { [EVENT]: {} } },
    });
    expect((payload.exp ?? Infinity) - (payload.iat ?? 0)).toBeLessThanOrEqual(120);
    expect(payload).not.toHaveProperty('nonce');
  },
);

it('BL-01 abuse 16: a logout token is neither a hint nor an access token', async () => {
  const { key, told } = await listening();
  const { visitor } = await signedIn([key]);
  await signOut(visitor);
  await eventually(async () => told().length > 0);
  const logoutToken = tokenIn(told()[0] ?? { body: '' });
  expect((await keyward.send(`/t/${org}/userinfo`, { bearer: logoutToken })).status).toBe(401);
  expect(await isActive(logoutToken, key)).toBe(false);
  const hinted = await new Visitor().get(`/t/${org}/logout?id_token_hint=${logoutToken}`);
  expect(hinted.text).toContain('<form');
});

it('BL-01 BL-03 every client of the session is told, however it ends, once; no other client is', async () => {
  const [one, other, silent] = [
    await listening(),
    await listening(),
    await makeKey(org, { redirectUris: [REDIRECT_URI] }),
  ];
  const stranger = await listening();
  const { visitor, user, tokens } = await signedIn([one.key, other.key, silent]);
  await signedIn([stranger.key]);
  await manage('DELETE', `/${org}/users/${user.username}/sessions`);
  await eventually(async () => one.told().length > 0 && other.told().length > 0);
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens[0]?.['refresh_token'] ?? '' };
  expect((await one.key.token(refresh)).status).toBe(400);
  // At the same browser somebody else signs in: the session before has ended.
  const second = await signedIn([one.key], visitor);
  await codeFor(org, other.key, await makeUser(org), { scope: 'openid', prompt: 'login' }, second.visitor);
  await eventually(async () => one.told().length === 2);
  expect([one.told().length, stranger.told().length]).toEqual([2, 0]);
});

it.each(['a new password', 'being disabled', 'being deleted'])(
  'BL-01 a client is told when %s ends a session',
  async (how) => {
    const { key, told } = await listening();
    const { user, tokens } = await signedIn([key]);
    const path = `/${org}/users/${user.username}`;
    if (how === 'a new password') await manage('POST', `${path}/reset-password`, {});
    if (how === 'being disabled') await manage('PATCH', path, { state: 'disabled' });
    if (how === 'being deleted') await manage('DELETE', path);
    await eventually(async () => told().length > 0);
    const { sub, sid } = decodeJwt(tokenIn(told()[0] ?? { body: '' }));
    expect({ sub, sid }).toEqual({ sub: user.id, sid: decodeJwt(tokens[0]?.['id_token'] ?? '')['sid'] });
  },
);

it('BL-04 is told again until it takes it, by a new token; one that does not answer holds up nobody', async () => {
  const [late, hanging, prompt] = [
    await listening({ status: 503 }),
    await listening({ hangs: true }),
    await listening(),
  ];
  const { visitor } = await signedIn([late.key, hanging.key, prompt.key]);
  await signOut(visitor);
  await eventually(async () => prompt.told().length === 1 && late.told().length > 0);
  server.answers[late.path] = { status: 204 };
  await eventually(async () => late.told().length > 1);
  const [first, second] = late.told().map((posted) => decodeJwt(tokenIn(posted)));
  expect(second?.jti).not.toBe(first?.jti);
  expect([second?.sub, second?.['sid']]).toEqual([first?.sub, first?.['sid']]);
  expect(prompt.told()).toHaveLength(1);
});

describe('a notice that was not taken', () => {
  interface Notice {
    sessionId: string;
    attempts: number;
    problem: string | null;
    nextAt: string | null;
  }
  const list = async (key: TestKey) =>
    (await manage('GET', `/${org}/logout-notices?consumerKey=${key.consumerKey}`)).items as Notice[];
  const refusing = async () => {
    const client = await listening({ status: 503 });
    const { visitor, user } = await signedIn([client.key]);
    await signOut(visitor);
    await eventually(async () => (await list(client.key))[0]?.problem === 'answered 503');
    return { ...client, user };
  };

  it('BL-04 is listed for administrators, and gone when its client takes it', async () => {
    const { key, path, user } = await refusing();
    const [notice] = await list(key);
    expect(notice).toEqual({
      ...{ sessionId: expect.any(String), consumerKey: key.consumerKey, sub: user.id, endedAt: expect.any(String) },
      ...{ attempts: expect.any(Number), problem: 'answered 503', nextAt: expect.any(String) },
    });
    server.answers[path] = {};
    await ask('POST', `/${org}/logout-notices/${notice?.sessionId}/${key.consumerKey}/retry`);
    await eventually(async () => (await list(key)).length === 0);
  });

  it('BL-04 DR-09 says no more than that nobody answers, whatever is there', async () => {
    const { key } = await listening({ hangs: true }, {});
    await manage('PATCH', `/${org}/keys/${key.consumerKey}`, {
      backchannelLogoutUri: 'https://169.254.169.254/latest',
    });
    const { visitor } = await signedIn([key]);
    await signOut(visitor);
    await eventually(async () => (await list(key))[0]?.problem === 'no answer');
  });

  it('BL-04 is tried again, or dropped, by the command line', async () => {
    const { key, path, told } = await refusing();
    const [notice] = (await keyward.cliJson(
      'logout-notices',
      'list',
      '--consumer-key',
      key.consumerKey,
      '--org',
      org,
    )) as never as Notice[];
    const named = [notice?.sessionId ?? '', key.consumerKey, '--org', org];
    const before = told().length;
    expect((await keyward.cli(['logout-notices', 'retry', ...named])).code).toBe(0);
    await eventually(async () => told().length > before);
    expect((await keyward.cli(['logout-notices', 'drop', ...named])).code).toBe(0);
    expect(await list(key)).toEqual([]);
    server.answers[path] = {};
    for (const [method, verb] of [
      ['POST', '/retry'],
      ['DELETE', ''],
    ] as const)
      for (const session of [notice?.sessionId, 'x', '00000000-0000-7000-8000-000000000000'])
        expect((await ask(method, `/${org}/logout-notices/${session}/${key.consumerKey}${verb}`)).status).toBe(404);
  });

  it('MT-01 is not another organization’s', async () => {
    const { key } = await refusing();
    const [notice] = await list(key);
    const elsewhere = await makeOrganization();
    expect((await manage('GET', `/${elsewhere}/logout-notices`)).items).toEqual([]);
    const path = `/${elsewhere}/logout-notices/${notice?.sessionId}/${key.consumerKey}`;
    expect([(await ask('POST', `${path}/retry`)).status, (await ask('DELETE', path)).status]).toEqual([404, 404]);
  });
});

it('BL-04 DR-09 abuse 37 a redirect is not followed', async () => {
  const elsewhere = await listening();
  const { key, told } = await listening({ status: 302, headers: { location: `${server.url}${elsewhere.path}` } });
  const { visitor } = await signedIn([key]);
  await signOut(visitor);
  await eventually(async () => told().length === 2);
  expect(elsewhere.told()).toEqual([]);
});

it.each([
  'http://app.example/logout',
  'https://app.example/logout#x',
  'https://a:b@app.example/',
  'logout',
  'file:///x',
])('BL-04 DR-09 %s is no place to be told at', async (backchannelLogoutUri) => {
  const { key } = await listening();
  const { status } = await ask('PATCH', `/${org}/keys/${key.consumerKey}`, { backchannelLogoutUri });
  expect(status).toBe(400);
});

it('BL-04 is managed by the command line', async () => {
  const { key, path } = await listening();
  const update = (...args: string[]) => keyward.cliJson('keys', 'update', key.consumerKey, ...args, '--org', org);
  expect(await update('--backchannel-logout-uri', '')).toMatchObject({ backchannelLogoutUri: null });
  const uri = `${server.url}${path}`;
  expect(await update('--backchannel-logout-uri', uri)).toMatchObject({ backchannelLogoutUri: uri });
  const algorithms = { idTokenSignedResponseAlg: 'ES256', userinfoSignedResponseAlg: 'RS256' };
  expect(await update('--id-token-alg', 'ES256', '--userinfo-alg', 'RS256')).toMatchObject(algorithms);
});
