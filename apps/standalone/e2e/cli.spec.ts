import { deployment } from '@keyward/testing';
import { randomBytes } from 'node:crypto';

const keyward = deployment();
const org = `cli-${randomBytes(4).toString('hex')}`;
const run = (...args: string[]) => keyward.cliJson(...args, '--org', org);

async function token(consumerKey: string, consumerSecret: string, username: string, password: string) {
  return keyward.send('/token', {
    form: { grant_type: 'password', username: `${username}@${org}`, password },
    basic: [consumerKey, consumerSecret],
  });
}

beforeAll(() => keyward.cliJson('orgs', 'create', org, '--name', 'A name'));

it('makes all that a token needs, and takes it away again', async () => {
  const { password } = await run('users', 'create', 'ann', '--roles', 'reader');
  await run('applications', 'create', 'shop');
  const generated = await run('keys', 'generate', 'shop');
  const { consumerKey } = generated.key;
  const get = () => token(consumerKey, generated.consumerSecret, 'ann', password);
  expect((await get()).status).toBe(200);

  await run('users', 'disable', 'ann');
  expect((await get()).body.error).toBe('invalid_grant');
  await run('users', 'enable', 'ann');
  expect((await get()).status).toBe(200);

  await run('keys', 'disable', consumerKey);
  expect((await get()).body.error).toBe('invalid_client');
  await run('keys', 'enable', consumerKey);
  expect((await get()).status).toBe(200);

  await keyward.cliJson('orgs', 'update', org, '--password-grant', 'off');
  expect((await get()).body.error).toBe('unauthorized_client');
  await keyward.cliJson('orgs', 'update', org, '--password-grant', 'on');
  await keyward.cliJson('orgs', 'suspend', org);
  expect((await get()).status).not.toBe(200);
  await keyward.cliJson('orgs', 'activate', org);
  expect((await get()).status).toBe(200);

  const rotated = await run('keys', 'rotate-secret', consumerKey, '--overlap', '0');
  expect((await get()).body.error).toBe('invalid_client');
  expect((await token(consumerKey, rotated.consumerSecret, 'ann', password)).status).toBe(200);

  const reset = await run('users', 'reset-password', 'ann');
  expect((await token(consumerKey, rotated.consumerSecret, 'ann', password)).body.error).toBe('invalid_grant');
  expect((await token(consumerKey, rotated.consumerSecret, 'ann', reset.password)).status).toBe(200);

  for (const args of [
    ['keys', 'delete', consumerKey],
    ['applications', 'delete', 'shop'],
    ['users', 'delete', 'ann'],
  ])
    expect(await keyward.cli([...args, '--org', org])).toMatchObject({ code: 0, stderr: '' });
  expect(await run('users', 'list')).toEqual([]);
  expect(await run('keys', 'list')).toEqual([]);
});

it('imports a key pair that another server generated', async () => {
  await run('applications', 'create', 'imported');
  const consumerKey = `wU62DjlyDBnq87GlBwplf${randomBytes(4).toString('hex')}`;
  const consumerSecret = 'fqvmAbAa_wU62DjlyDBnq87GlBwp';
  const args = ['keys', 'generate', 'imported', '--org', org, '--consumer-key', consumerKey, '--consumer-secret-stdin'];
  expect((await keyward.cli(args, `${consumerSecret}\n`)).code).toBe(0);
  const { status } = await keyward.send('/token', {
    form: { grant_type: 'client_credentials' },
    basic: [consumerKey, consumerSecret],
  });
  expect(status).toBe(200);
  expect(await keyward.cli(args, `${consumerSecret}\n`)).toMatchObject({ code: 1, stdout: '' });
});

it('OC-04 keeps what users are called', async () => {
  await run('users', 'create', 'named');
  const profile = { name: 'Ann Smith', email: 'ann@mail.example' };
  expect((await run('users', 'update', 'named', '--profile', JSON.stringify(profile))).profile).toEqual(profile);
  const refused = await keyward.cli(['users', 'update', 'named', '--org', org, '--profile', 'Ann']);
  expect([refused.code, refused.stdout]).toEqual([2, '']);
  await run('users', 'delete', 'named').catch(() => undefined);
});

it('AZ-02 registers where users are sent back to, and replaces it', async () => {
  await run('applications', 'create', 'desktop');
  const of = [
    '--public',
    '--application-type',
    'native',
    '--redirect-uris',
    'com.example.app:/a',
    'http://127.0.0.1/a',
  ];
  const { key } = await run('keys', 'generate', 'desktop', ...of);
  expect(key).toMatchObject({ applicationType: 'native', redirectUris: ['com.example.app:/a', 'http://127.0.0.1/a'] });
  const after = ['--redirect-uris', 'com.example.app:/b', '--post-logout-redirect-uris', 'com.example.app:/bye'];
  expect(await run('keys', 'update', key.consumerKey, ...after)).toMatchObject({
    redirectUris: ['com.example.app:/b'],
    postLogoutRedirectUris: ['com.example.app:/bye'],
  });
  const hostile = ['keys', 'update', key.consumerKey, '--org', org, '--redirect-uris', 'javascript:alert(1)'];
  expect(await keyward.cli(hostile)).toMatchObject({ code: 1, stdout: '' });
});

it('rotates signing keys without an error', async () => {
  const list = async () =>
    ((await run('signing-keys', 'list')) as { alg: string }[]).filter(({ alg }) => alg === 'ES256');
  const { length } = await list();
  await run('signing-keys', 'rotate');
  expect(await list()).toHaveLength(length + 1);
});

it('C-31 seals everything under the newest key-encryption key, and says so', async () => {
  const { newest, remaining } = await keyward.cliJson('key-encryption', 'rewrap');
  expect([newest, remaining]).toEqual([expect.any(String), 0]);
  expect(await keyward.cliJson('key-encryption', 'list')).toEqual([
    { id: newest, newest: true, configured: true, sealed: expect.any(Number) },
  ]);
});

it('refuses whoever is not the operator', async () => {
  const answer = await keyward.send('/api/v1/organizations');
  expect(answer.status).toBe(401);
  expect(answer.headers['www-authenticate']).toMatch(/^Bearer/);

  const { body } = await keyward.passwordToken({ scope: 'keyward:manage' });
  expect(body.scope).toBe('default');
  const another = await keyward.send('/api/v1/organizations', { bearer: body.access_token });
  expect([another.status, another.body.code]).toEqual([401, 'invalid_token']); // Another issuer's.

  const { username, password, consumerKey, consumerSecret } = keyward.demo.admin;
  const form = { grant_type: 'password', username, password };
  const unscoped = await keyward.send('/token', { form, basic: [consumerKey, consumerSecret] });
  const admin = await keyward.send('/api/v1/organizations', { bearer: unscoped.body.access_token });
  expect([admin.status, admin.body.code]).toEqual([403, 'insufficient_scope']);
});
