import { deployment, type Answer } from '@keyward/testing';
import { eventually, makeOrganization, makeUser, manage, unique, type TestUser } from './support/operator';

const keyward = deployment();

let closed: string;
let forAdmins: string;
let open: string;

async function organizationThatIs(clientRegistration: string, more: object = {}): Promise<string> {
  const org = await makeOrganization();
  await manage('PATCH', `/${org}`, { clientRegistration, ...more });
  const metadata = `/t/${org}/.well-known/openid-configuration`;
  await eventually(async () => 'registration_endpoint' in (await keyward.send(metadata)).body);
  return org;
}

beforeAll(async () => {
  [closed, forAdmins, open] = await Promise.all([
    makeOrganization(),
    organizationThatIs('token'),
    organizationThatIs('open'),
  ]);
});

const profileOf = ({ loginName: owner }: TestUser, more: object = {}) => ({
  ...{ callbackUrl: 'www.google.lk', clientName: unique('rest_api'), tokenScope: 'Production', owner },
  ...{ grantType: 'password refresh_token', saasApp: true },
  ...more,
});
const register = (
  { loginName, password }: TestUser,
  json: object,
  path = '/client-registration/v0.17/register',
): Promise<Answer> => {
  // As curl sends it: nothing in it is encoded (RFC 7617 §2).
  const basic = Buffer.from(`${loginName}:${password}`).toString('base64');
  return keyward.send(path, { json, headers: { authorization: `Basic ${basic}` } });
};
const expectError = ({ status, body, headers }: Answer, expected: number) => {
  expect(status).toBe(expected);
  expect(body).toEqual({
    ...{ code: expected, message: expect.any(String), description: expect.any(String), moreInfo: '', error: [] },
  });
  expect(headers['www-authenticate']).toBe(expected === 401 ? 'Basic realm="keyward"' : undefined);
  expect(headers['cache-control']).toBe('no-store');
};

describe('API Manager’s registration', () => {
  it.each(['/client-registration/v0.17/register', '/client-registration/register'])(
    'at %s answers as there, and the client gets tokens',
    async (path) => {
      const user = await makeUser(open, `${unique('john')}@johns.org`);
      const profile = profileOf(user);
      const { status, body, headers } = await register(user, profile, path);
      expect([status, headers['cache-control']]).toEqual([200, 'no-store']);
      expect(body).toEqual({
        callBackURL: '',
        jsonString: expect.any(String),
        clientName: profile.clientName,
        clientId: expect.stringMatching(/^\w{28}$/),
        clientSecret: expect.any(String),
        isSaasApplication: false,
        appOwner: user.loginName,
      });
      expect(JSON.parse(body.jsonString as string)).toEqual({
        grant_types: 'password refresh_token',
        redirect_uris: '',
        client_name: profile.clientName,
      });
      const form = { grant_type: 'password', username: user.loginName, password: user.password };
      const token = await keyward.send('/token', { form, basic: [body.clientId, body.clientSecret] });
      expect(token.body).toMatchObject({ token_type: 'Bearer', refresh_token: expect.any(String) });
      const { items } = await manage('GET', `/${open}/registered-clients?limit=200`);
      const mine = (items as { clientId: string }[]).find(({ clientId }) => clientId === body.clientId);
      expect(mine).toMatchObject({ by: 'user', trusted: false, about: { client_name: profile.clientName } });
    },
  );

  it('asked again answers the same client, with a secret beside the one before', async () => {
    const user = await makeUser(open);
    const profile = profileOf(user, { grantType: 'client_credentials' });
    const [first, second] = [
      await register(user, profile),
      await register(user, { ...profile, grantType: 'password' }),
    ];
    expect(second.body).toMatchObject({ clientId: first.body.clientId, jsonString: first.body.jsonString });
    expect(second.body.clientSecret).not.toBe(first.body.clientSecret);
    for (const { body } of [first, second]) {
      const form = { grant_type: 'client_credentials' };
      expect((await keyward.send('/token', { form, basic: [body.clientId, body.clientSecret] })).status).toBe(200);
    }
    const other = await makeUser(open);
    const theirs = await register(other, { ...profile, owner: other.loginName });
    expect(theirs.body.clientId).not.toBe(first.body.clientId);
  });

  it('CA-12 of many at once makes one client, and each of them has a secret that works', async () => {
    const user = await makeUser(open);
    const profile = profileOf(user, { grantType: 'client_credentials' });
    const answers = await Promise.all(Array.from({ length: 6 }, () => register(user, profile)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(new Set(answers.map(({ body }) => body.clientId as string)).size).toBe(1);
    expect(new Set(answers.map(({ body }) => body.clientSecret as string)).size).toBe(6);
    const form = { grant_type: 'client_credentials' };
    for (const { body } of answers)
      await eventually(
        async () => (await keyward.send('/token', { form, basic: [body.clientId, body.clientSecret] })).status === 200,
      );
  });

  it('registers a callback as exactly as everywhere, and the kind of key', async () => {
    const user = await makeUser(open);
    const code = { grantType: 'authorization_code implicit', callbackUrl: 'https://app.example/callback' };
    const { body } = await register(user, profileOf(user, { ...code, tokenScope: 'Sandbox' }));
    expect(body.callBackURL).toBe('https://app.example/callback');
    expect(await manage('GET', `/${open}/keys/${body.clientId}`)).toMatchObject({
      ...{ kind: 'sandbox', grantTypes: ['authorization_code'], redirectUris: ['https://app.example/callback'] },
    });
    for (const callbackUrl of ['', 'http://app.example/', 'javascript:alert(1)', 'regexp=(https://a.example/.*)'])
      expectError(await register(user, profileOf(user, { ...code, callbackUrl })), 400);
  });

  it.each([
    { clientName: '' },
    { clientName: 7 },
    { clientName: 'a\u0000b' },
    { owner: 'somebody@else' },
    { tokenScope: 'Staging' },
    { grantType: '' },
    { grantType: 'implicit kerberos' },
    { grantType: 'urn:ietf:params:oauth:grant-type:token-exchange' },
  ])('refuses %j', async (wrong) => {
    const user = await makeUser(open);
    expectError(await register(user, profileOf(user, wrong)), 400);
  });

  it('BF-06 answers every cause alike why it is not known who asks', async () => {
    const user = await makeUser(open);
    const unknown = { ...user, loginName: `${unique('nobody')}@${open}` };
    const answers = [
      await register({ ...user, password: 'wrong' }, profileOf(user)),
      await register(unknown, profileOf(unknown)),
      await keyward.send('/client-registration/v0.17/register', { json: profileOf(user) }),
      await keyward.send('/client-registration/v0.17/register', { json: profileOf(user), bearer: 'x' }),
    ];
    for (const answer of answers) expectError(answer, 401);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('X-09 lets no page’s script send users’ passwords', async () => {
    const page = 'https://app.example';
    const headers = { origin: page, 'access-control-request-method': 'POST' };
    await manage('POST', `/${open}/applications`, { name: 'spa' });
    await manage('POST', `/${open}/applications/spa/keys`, { kind: 'production', allowedOrigins: [page] });
    const { status, headers: told } = await keyward.send('/client-registration/v0.17/register', {
      ...{ method: 'OPTIONS', headers },
    });
    expect([status, told['access-control-allow-origin']]).toEqual([405, undefined]);
  });

  it('BF-01 counts wrong passwords as everywhere: the account is closed after some', async () => {
    const user = await makeUser(open);
    for (let i = 0; i < 5; i++) expectError(await register({ ...user, password: 'wrong' }, profileOf(user)), 401);
    const { lockedUntil } = await manage('GET', `/${open}/users/${user.username}`);
    expect(lockedUntil).toEqual(expect.any(String));
  });

  it('DR-01 is closed where nobody may register, in the same words as where there is no organization', async () => {
    const [user, nobody] = [await makeUser(closed), await makeUser(open)];
    const org = await organizationThatIs('open', { passwordGrant: false });
    const withoutPasswords = await makeUser(org);
    const answers = [
      await register(user, profileOf(user)),
      await register({ ...nobody, loginName: `john@${unique('nowhere')}` }, profileOf(nobody)),
      await register(withoutPasswords, profileOf(withoutPasswords)),
    ];
    for (const answer of answers) expectError(answer, 403);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
  });

  it('DR-01 is for administrators where clients need an initial access token', async () => {
    const user = await makeUser(forAdmins);
    expectError(await register(user, profileOf(user)), 403);
    await manage('POST', `/${forAdmins}/roles/admin/members`, { username: user.username });
    const { status, body } = await register(user, profileOf(user));
    expect(status).toBe(200);
    const path = `/${forAdmins}/registered-clients/${body.clientId}`;
    expect(await manage('GET', path)).toMatchObject({ by: 'user', trusted: true });
  });
});
