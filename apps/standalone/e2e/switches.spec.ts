import { deployment } from '@keyward/testing';
import { appearanceOf, expectError } from './support/answers';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';

const keyward = deployment();
const CLIENT = { grant_type: 'client_credentials' };

let org: string;
let user: TestUser;
let key: TestKey;

beforeEach(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org)]);
});

const grantsOf = async (organization: string) =>
  (await keyward.send(`/t/${organization}/.well-known/openid-configuration`)).body.grant_types_supported as string[];

describe('an organization’s switch', () => {
  it('RO-01 RO-09 takes the password grant away from it alone, and discovery follows', async () => {
    const { refresh_token } = (await key.signIn(user)).body;
    const before = await grantsOf(org);
    expect(before).toContain('password');

    await manage('PATCH', `/${org}`, { passwordGrant: false });
    await eventually(async () => (await key.signIn(user)).status !== 200);
    expectError(await key.signIn(user), 'unauthorized_client');
    await eventually(async () => !(await grantsOf(org)).includes('password'));
    expect(await grantsOf(org)).toEqual(before.filter((type) => type !== 'password'));
    const { body } = await keyward.send(`/.well-known/oauth-authorization-server/t/${org}`);
    expect(body.grant_types_supported).not.toContain('password');

    // Whoever signed in before goes on, as do the other grants and the other organizations.
    expect((await key.token({ grant_type: 'refresh_token', refresh_token })).status).toBe(200);
    expect((await key.token(CLIENT)).status).toBe(200);
    expect((await keyward.passwordToken()).status).toBe(200);
    expect(await grantsOf(keyward.demo.organization)).toContain('password');

    await manage('PATCH', `/${org}`, { passwordGrant: true });
    await eventually(async () => (await key.signIn(user)).status === 200);
    await eventually(async () => (await grantsOf(org)).includes('password'));
  });

  it('is not there for a user of another organization, either', async () => {
    const multi = await makeKey(org, { multiOrganization: true });
    const foreigner = await makeUser(await makeOrganization());
    expect((await multi.signIn(foreigner)).status).toBe(200);
    await manage('PATCH', `/${org}`, { passwordGrant: false });
    await eventually(async () => (await multi.signIn(foreigner)).status !== 200);
    expectError(await multi.signIn(foreigner), 'unauthorized_client');
  });

  it('RO-01 RO-04 keeps its users from signing in through another organization’s client, as if they were unknown', async () => {
    const multi = await makeKey(await makeOrganization(), { multiOrganization: true });
    expect((await multi.signIn(user)).status).toBe(200);
    await manage('PATCH', `/${org}`, { passwordGrant: false });
    await eventually(async () => (await multi.signIn(user)).status !== 200);
    const unknown = await multi.signIn({ loginName: `nobody@${org}`, password: user.password });
    expectError(unknown, 'invalid_grant');
    expect(appearanceOf(await multi.signIn(user))).toEqual(appearanceOf(unknown));
    await manage('PATCH', `/${org}`, { passwordGrant: true });
    await eventually(async () => (await multi.signIn(user)).status === 200);
  });
});

describe('a consumer key’s grant types', () => {
  it.each(['password', 'client_credentials', 'refresh_token'])(
    'RO-01 TE-05 take %s away from it alone',
    async (grant) => {
      const { refresh_token } = (await key.signIn(user)).body;
      const grants = ['password', 'client_credentials', 'refresh_token'];
      const { loginName: username, password } = user;
      const form = { grant_type: grant, username, password, refresh_token } as Record<string, string>;
      const path = `/${org}/keys/${key.consumerKey}`;

      await manage('PATCH', path, { grantTypes: grants.filter((each) => each !== grant) });
      await eventually(async () => (await key.token(form)).status !== 200);
      expectError(await key.token(form), 'unauthorized_client');
      // It is a grant of the organization all the same.
      expect(await grantsOf(org)).toContain(grant);
      await manage('PATCH', path, { grantTypes: grants });
      await eventually(async () => (await key.token(form)).status === 200);
    },
  );

  it('are those of the table, and no others', async () => {
    for (const grantTypes of [['implicit'], ['password', 'password'], ['Password'], 'password', [null]])
      await expect(manage('PATCH', `/${org}/keys/${key.consumerKey}`, { grantTypes })).rejects.toThrow(': 400 ');
  });
});

it('what the operator’s own sign-in needs cannot be switched off', async () => {
  await expect(manage('PATCH', '/root', { passwordGrant: false })).rejects.toThrow(': 400 ');
  await expect(manage('PATCH', '/root', { state: 'suspended' })).rejects.toThrow(': 400 ');
  const path = `/root/keys/${keyward.demo.admin.consumerKey}`;
  await expect(manage('PATCH', path, { grantTypes: ['refresh_token'] })).rejects.toThrow(': 400 ');
  await expect(manage('PATCH', path, { state: 'disabled' })).rejects.toThrow(': 400 ');
});
