import { deployment, type Answer } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { expectError } from './support/answers';
import { answerOf, authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  operator,
  type TestKey,
  type TestUser,
} from './support/operator';
import { isActive, revoke, spoilt } from './support/tokens';

const keyward = deployment();

let org: string;
let user: TestUser;
let key: TestKey;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
});

const refresh = (token: string, client = key): Promise<Answer> =>
  client.token({ grant_type: 'refresh_token', refresh_token: token });

interface Tokens {
  access_token: string;
  refresh_token: string;
}

/** The first tokens of a family. */
async function family(client = key, of = user) {
  const { status, body } = await client.signIn(of);
  expect(status).toBe(200);
  return body as Tokens;
}

describe('RT-10 abuse 14: nothing is given any more', () => {
  const gone = async (tokens: Tokens, client: TestKey) => {
    expectError(await refresh(tokens.refresh_token, client), 'invalid_grant');
    for (const token of [tokens.access_token, tokens.refresh_token]) expect(await isActive(token, client)).toBe(false);
  };

  it.each(['jwt', 'opaque'] as const)(
    'to a user who is disabled, with %s tokens; nor later for these',
    async (type) => {
      const client = await makeKey(org, { tokenType: type });
      const ann = await makeUser(org);
      const tokens = await family(client, ann);
      await manage('PATCH', `/${org}/users/${ann.username}`, { state: 'disabled' });
      await gone(tokens, client);
      expectError(await client.signIn(ann), 'invalid_grant');
      await manage('PATCH', `/${org}/users/${ann.username}`, { state: 'active' });
      await gone(tokens, client);
    },
  );

  it.each(['the management API', 'the command line'])(
    'C-62 for what a user granted before %s ended it, by whatever client and grant; the next is good at once',
    async (how) => {
      const ann = await makeUser(org);
      const [web, opaque] = await Promise.all([
        makeKey(org, { redirectUris: [REDIRECT_URI] }),
        makeKey(org, { tokenType: 'opaque' }),
      ]);
      const visitor = new Visitor();
      const offline = async () =>
        (await web.token(await codeFor(org, web, ann, { scope: 'openid offline_access' }, visitor))).body;
      const granted = [await family(key, ann), await family(opaque, ann), await offline()];
      if (how === 'the command line') await keyward.cli(['users', 'sign-out', ann.username, '--org', org]);
      else await manage('DELETE', `/${org}/users/${ann.username}/grants`);
      for (const [i, client] of [key, opaque, web].entries()) await gone(granted[i] as Tokens, client);
      const asked = authorizationUrl(org, {
        ...{ client_id: web.consumerKey, code_challenge: pkce().challenge, prompt: 'none' },
      });
      expect(answerOf(await visitor.get(asked))).toMatchObject({ error: 'login_required' });
      expect((await refresh((await family(key, ann)).refresh_token)).status).toBe(200);
    },
  );

  it('to a user who is deleted, nor to a namesake who comes after', async () => {
    const ann = await makeUser(org);
    const tokens = await family(key, ann);
    await manage('DELETE', `/${org}/users/${ann.username}`);
    await gone(tokens, key);
    const namesake = await makeUser(org, ann.username);
    await gone(tokens, key);
    expect(await isActive((await family(key, namesake)).access_token, key)).toBe(true);
  });

  it('for what was granted before a password was reset; the new one is good at once', async () => {
    const ann = await makeUser(org);
    const tokens = await family(key, ann);
    const { password } = await manage('POST', `/${org}/users/${ann.username}/reset-password`, {});
    const after = await family(key, { ...ann, password });
    await gone(tokens, key);
    expect(await isActive(after.access_token, key)).toBe(true);
    expect((await refresh(after.refresh_token)).status).toBe(200);
  });

  it('to a consumer key that is disabled or deleted', async () => {
    const client = await makeKey(org);
    const tokens = await family(client);
    await manage('PATCH', `/${org}/keys/${client.consumerKey}`, { state: 'disabled' });
    await eventually(async () => (await refresh(tokens.refresh_token, client)).status !== 200);
    // The client is not proven, so what it holds is not looked at (TE-04).
    expectError(await refresh(tokens.refresh_token, client), 'invalid_client');
    expectError(await client.signIn(user), 'invalid_client');
    expectError(await client.token({ grant_type: 'client_credentials' }), 'invalid_client');
    await manage('DELETE', `/${org}/keys/${client.consumerKey}`);
    expectError(await refresh(tokens.refresh_token, client), 'invalid_client');
  });

  it('in an organization that is suspended, until it is active again', async () => {
    const suspended = await makeOrganization();
    const [ann, client] = await Promise.all([makeUser(suspended), makeKey(suspended)]);
    const tokens = await family(client, ann);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await eventually(async () => (await keyward.send(`/t/${suspended}/jwks`)).status === 404);
    await eventually(async () => (await client.token({ grant_type: 'client_credentials' })).status === 401);
    expectError(await refresh(tokens.refresh_token, client), 'invalid_client');
    expectError(await client.signIn(ann), 'invalid_client');
    await manage('PATCH', `/${suspended}`, { state: 'active' });
    await eventually(async () => (await refresh(tokens.refresh_token, client)).status === 200);
  });

  it('to a user whose organization is suspended, by a client of another', async () => {
    const guests = await makeOrganization();
    const [guest, client] = await Promise.all([makeUser(guests), makeKey(org, { multiOrganization: true })]);
    const tokens = await family(client, guest);
    expect(decodeJwt(tokens.access_token)['org']).toBe(guests);
    await manage('PATCH', `/${guests}`, { state: 'suspended' });
    await eventually(async () => !(await isActive(tokens.access_token, client)));
    await gone(tokens, client);
    expectError(await client.signIn(guest), 'invalid_grant');
  });

  it('after the refresh token was revoked', async () => {
    const tokens = await family();
    await revoke(tokens.refresh_token, key);
    await gone(tokens, key);
  });
});

describe('what is no refresh token', () => {
  it('abuse 16 TE-12 an access token of either kind', async () => {
    const opaque = await makeKey(org, { tokenType: 'opaque' });
    for (const client of [key, opaque])
      for (const { access_token: token } of [
        await family(client),
        (await client.token({ grant_type: 'client_credentials' })).body,
      ])
        expectError(await refresh(token, client), 'invalid_grant');
    expectError(await refresh(await operator()), 'invalid_grant');
  });

  it('abuse 16 TE-12 a refresh token is no access token', async () => {
    const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
    const form = { grant_type: 'password', username, password, scope: 'keyward:manage' };
    const { body } = await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] });
    const { status, headers } = await keyward.send('/api/v1/organizations', { bearer: body.refresh_token });
    expect(status).toBe(401);
    expect(headers['www-authenticate']).toContain('error="invalid_token"');
  });

  it('abuse 17: any other spelling of one, which stays valid all the while', async () => {
    const { refresh_token: token } = await family();
    const spellings = spoilt(token);
    expect(spellings.length).toBeGreaterThan(8);
    for (const spelling of spellings) expectError(await refresh(spelling), 'invalid_grant');
    expect((await refresh(token)).status).toBe(200);
  });
});
