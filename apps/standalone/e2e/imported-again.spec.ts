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
import { authorizationUrl, codeFor, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { isActive, revoke } from './support/tokens';

let org: string;
let user: TestUser;
let sister: TestKey;
beforeAll(async () => {
  org = await makeOrganization();
  [user, sister] = await Promise.all([makeUser(org), makeKey(org)]);
});

describe.each(['jwt', 'opaque'] as const)(
  'abuse 14: a consumer key that is deleted and imported again (%s)',
  (tokenType) => {
    it('C-62 RT-10 has no tokens of the one before', async () => {
      const pair = {
        consumerKey: unique('imported'),
        consumerSecret: unique('a-secret-of-its-own-that-is-long-enough'),
      };
      const before = await makeKey(org, { ...pair, tokenType });
      const { body: ofUser } = await before.signIn(user);
      const { body: own } = await before.token({ grant_type: 'client_credentials' });
      await manage('DELETE', `/${org}/keys/${before.consumerKey}`);
      const after = await makeKey(org, { ...pair, tokenType });
      // The key that is new is known everywhere when its application's other name is.
      await eventually(async () => (await after.token({ grant_type: 'client_credentials' })).status === 200);

      for (const token of [ofUser.access_token, own.access_token]) {
        await eventually(async () => !(await isActive(token, sister)));
        await eventually(async () => !(await isActive(token, after)));
      }
      const refreshed = await after.token({ grant_type: 'refresh_token', refresh_token: ofUser.refresh_token });
      expect([refreshed.status, refreshed.body.error]).toEqual([400, 'invalid_grant']);

      const { body: fresh } = await after.signIn(user);
      for (const token of [fresh.access_token, fresh.refresh_token]) expect(await isActive(token, after)).toBe(true);
      const again = await after.token({ grant_type: 'refresh_token', refresh_token: fresh.refresh_token });
      expect(again.status).toBe(200);
      await revoke(again.body.refresh_token, after);
      expect(await isActive(again.body.access_token, after)).toBe(false);
    });
  },
);

it.each(['key', 'application'])(
  'abuse 7 abuse 14: what users agreed to ends with the %s, whoever has its name later',
  async (what) => {
    const pair = { consumerKey: unique('imported'), consumerSecret: unique('a-secret-of-its-own-that-is-long-enough') };
    const settings = { ...pair, redirectUris: [REDIRECT_URI] };
    const before = await makeKey(org, settings);
    const visitor = new Visitor();
    await codeFor(org, before, user, { scope: 'openid email' }, visitor);
    const consents = async () =>
      (await manage('GET', `/${org}/users/${user.username}/consents`)).items as { clientId: string }[];
    const isListed = async () => (await consents()).some(({ clientId }) => clientId === pair.consumerKey);
    expect(await isListed()).toBe(true);
    await manage(
      'DELETE',
      what === 'key' ? `/${org}/keys/${before.consumerKey}` : `/${org}/applications/${before.application}`,
    );
    expect(await isListed()).toBe(false);
    const after = await makeKey(org, settings);
    await eventually(async () => (await after.token({ grant_type: 'client_credentials' })).status === 200);
    const asked = { client_id: after.consumerKey, code_challenge: pkce().challenge, scope: 'openid email' };
    const page = await visitor.get(authorizationUrl(org, asked));
    expect([page.status, page.text.includes('value="allow"')]).toEqual([200, true]);
  },
);
