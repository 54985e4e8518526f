import { deployment } from '@keyward/testing';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { appearanceOf, expectError } from './support/answers';
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

const keyward = deployment();
const WRONG = 'not the password of anyone';

let org: string;
let key: TestKey;
let john: TestUser;
/** What every failure must look like. */
let failure: object;

beforeAll(async () => {
  org = await makeOrganization();
  [key, john] = await Promise.all([makeKey(org), makeUser(org, 'john@johns.org')]);
  const answer = await signIn(`${unique('nobody')}@${org}`, WRONG);
  expectError(answer, 'invalid_grant');
  failure = appearanceOf(answer);
});

const signIn = (loginName: string, password = john.password, by = key) => by.signIn({ loginName, password });

describe('who may use it', () => {
  it('RO-01 by default it is on for the server, an organization and a consumer key', async () => {
    expect((await manage('GET', `/${org}`)).passwordGrant).toBe(true);
    const { grantTypes } = await manage('GET', `/${org}/keys/${key.consumerKey}`);
    expect([...grantTypes].sort()).toEqual(['client_credentials', 'password', 'refresh_token']);
    expect((await key.signIn(john)).status).toBe(200);
  });

  it('RO-01 a consumer key without it is unauthorized_client, for right and wrong passwords alike', async () => {
    const without = await makeKey(org, { grantTypes: ['client_credentials', 'refresh_token'] });
    for (const password of [john.password, WRONG]) {
      expectError(await signIn(john.loginName, password, without), 'unauthorized_client');
    }
  });

  it('RO-02 a public client is unauthorized_client', async () => {
    const { consumerKey } = await makeKey(org, { public: true, grantTypes: ['password', 'refresh_token'] });
    const { loginName: username, password } = john;
    const form = { grant_type: 'password', client_id: consumerKey, username, password };
    expectError(await keyward.send('/token', { form }), 'unauthorized_client');
  });

  it('RO-03 username and password are both needed', async () => {
    const { loginName: username, password } = john;
    for (const form of [{ username }, { password }, {}, { username, password: '' }, { username: '', password }])
      expectError(await key.token({ grant_type: 'password', ...form } as Record<string, string>), 'invalid_request');
  });

  it('RO-08 a consumer key whose password grant ends tells when', async () => {
    const end = new Date(Date.now() + 86_400_000);
    const ending = await makeKey(org, { passwordGrantSunset: end.toISOString() });
    const answer = await ending.signIn(john);
    expect(answer.status).toBe(200);
    expect(answer.headers['sunset']).toBe(end.toUTCString());
    expect(answer.headers['deprecation']).toMatch(/^@\d{10}$/);
    const { refresh_token } = answer.body;
    for (const others of [
      await ending.token({ grant_type: 'refresh_token', refresh_token }),
      await ending.token({ grant_type: 'client_credentials' }),
      await key.signIn(john),
    ]) {
      expect(others.status).toBe(200);
      expect(others.headers).not.toHaveProperty('sunset');
      expect(others.headers).not.toHaveProperty('deprecation');
    }
    const path = `/${org}/keys/${ending.consumerKey}`;
    await manage('PATCH', path, { passwordGrantSunset: new Date(Date.now() - 1000).toISOString() });
    await eventually(async () => (await ending.signIn(john)).status !== 200);
    expectError(await ending.signIn(john), 'unauthorized_client');
    expect((await ending.token({ grant_type: 'client_credentials' })).status).toBe(200);
  });
});

it('C-06 a password is verified byte for byte, NUL, blanks and emoji too', async () => {
  const password = ' nul \0 in the middle, and a \u{1F511} ';
  const username = unique('exact');
  await manage('POST', `/${org}/users`, { username, password });
  const loginName = `${username}@${org}`;
  expect((await signIn(loginName, password)).status).toBe(200);
  for (const other of [
    password.replace('\0', ''),
    password.split('\0')[0] ?? '',
    password.trim(),
    `${password}\0`,
    '\0',
  ])
    expect(appearanceOf(await signIn(loginName, other))).toEqual(failure);
});

describe('a failure', () => {
  it('RO-04 BF-04 abuse 25 looks the same for every cause', async () => {
    const locked = await makeUser(org);
    const disabled = await makeUser(org);
    await manage('PATCH', `/${org}/users/${disabled.username}`, { state: 'disabled' });
    const foreigner = await makeUser(await makeOrganization());
    const pending = unique('pending');
    const { password } = await manage('POST', `/${org}/users`, { username: pending, state: 'pending' });
    const deleted = await makeUser(org);
    await manage('DELETE', `/${org}/users/${deleted.username}`);
    for (let i = 0; i < 5; i++) expect(appearanceOf(await signIn(locked.loginName, WRONG))).toEqual(failure);
    const causes: Record<string, [loginName: string, password: string]> = {
      'locked, right password': [locked.loginName, locked.password],
      'wrong password': [john.loginName, WRONG],
      'unknown user': [`${unique('nobody')}@${org}`, john.password],
      'unknown organization': [`john@johns.org@${unique('nowhere')}`, john.password],
      'user of another organization': [foreigner.loginName, foreigner.password],
      'disabled, right password': [disabled.loginName, disabled.password],
      'pending, right password': [`${pending}@${org}`, password],
      'deleted, right password': [deleted.loginName, deleted.password],
      'not a username': [`\u202e@${org}`, john.password],
      'password in other case': [john.loginName, john.password.toUpperCase()],
      'password with a blank after it': [john.loginName, `${john.password} `],
      'password cut short': [john.loginName, john.password.slice(0, -1)],
      'password of 1,024 bytes': [john.loginName, 'x'.repeat(1024)],
    };
    for (const [cause, [loginName, tried]] of Object.entries(causes)) {
      expect([cause, appearanceOf(await signIn(loginName, tried))]).toEqual([cause, failure]);
      await key.signIn(john); // Forgets his failures.
    }
  });

  it('RO-04 looks the same where the user’s organization is suspended', async () => {
    const suspended = await makeOrganization();
    const [ann, multi] = await Promise.all([makeUser(suspended), makeKey(org, { multiOrganization: true })]);
    expect((await multi.signIn(ann)).status).toBe(200);
    await manage('PATCH', `/${suspended}`, { state: 'suspended' });
    await eventually(async () => (await multi.signIn(ann)).status !== 200);
    expect(appearanceOf(await multi.signIn(ann))).toEqual(failure);
  });
});

describe('secrets', () => {
  const { directory } = keyward.access;

  /** The files that hold one of these texts, and how many there are. */
  function filesWith(root: string, texts: string[]): { found: string[]; files: number } {
    const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const found = files.filter((file) => {
      const content = readFileSync(join(file.parentPath, file.name));
      return texts.some((text) => content.includes(text));
    });
    return { found: found.map(({ name }) => name), files: files.length };
  }

  // Of a deployment that was there already nobody here knows where it writes.
  if (directory !== undefined)
    it('RO-11 abuse 49 reach no file: no log, and where it can be read no database', async () => {
      const canary = unique('Canary-of-the-password-grant');
      const trace = '0af7651916cd43dd8448eb211c80319c';
      const headers = { traceparent: `00-${trace}-b7ad6b7169203331-01` };
      const opaque = await makeKey(org, { tokenType: 'opaque' });
      const username = unique('canary');
      await manage('POST', `/${org}/users`, { username, password: canary });
      const user = { loginName: `${username}@${org}`, password: canary };
      const { access_token, refresh_token } = (await opaque.signIn(user)).body;

      const form = { grant_type: 'password', username: user.loginName, password: canary };
      const { basic } = key;
      await keyward.send('/token', { form: { ...form, username: john.loginName }, basic });
      await keyward.send('/token', { form: { ...form, username: `nobody@${org}` }, basic });
      await keyward.send('/token', { form: { ...form, username: canary }, basic });
      await keyward.send('/token', { form: { ...form, grant_type: canary }, basic });
      await keyward.send('/token', { form: { ...form, scope: canary }, basic });
      await keyward.send('/token', { form, basic: [key.consumerKey, canary] });
      await keyward.send('/token', { form: { client_id: canary, client_secret: canary, ...form } });
      await keyward.send('/token', { form: [...Object.entries(form), ['password', canary]], basic });
      await keyward.send('/token', { json: form, basic });
      await keyward.send(`/token?${new URLSearchParams(form).toString()}`, { method: 'POST', form: {}, basic });
      await keyward.send(`/token?password=${canary}`, { method: 'GET' });
      await keyward.send('/token', { form: { grant_type: 'refresh_token', refresh_token: canary }, basic });
      await keyward.send('/introspect', { form: { token: canary }, basic });
      await keyward.send('/revoke', { form: { token: canary }, basic });
      await keyward.send(`/api/v1/organizations?access_token=${canary}`, { bearer: canary });
      await manage('POST', `/${org}/users/${username}/reset-password`, { password: `${canary}, the next` });
      await expect(
        manage('POST', `/${org}/users`, { username: 'x', password: canary, secret: canary }),
      ).rejects.toThrow();

      // This one is refused with a reason in the log, which shows that the log is read here.
      await manage('PATCH', `/${org}/users/${username}`, { state: 'disabled' });
      const refused = { grant_type: 'refresh_token', refresh_token };
      expectError(await keyward.send('/token', { form: refused, basic: opaque.basic, headers }), 'invalid_grant');
      await eventually(async () => filesWith(directory, [trace]).found.length > 0);

      const secrets = [canary, opaque.consumerSecret, john.password, access_token, refresh_token] as string[];
      expect(filesWith(directory, secrets).found).toEqual([]);
    });
});
