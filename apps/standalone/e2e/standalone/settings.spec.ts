import { startStandalone, temporaryDirectory, type Answer, type Standalone } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError } from '../support/answers';

const CLIENT = { grant_type: 'client_credentials' };

let directory: string;
let keyward: Standalone;

beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(async () => {
  await keyward.stop();
  await rm(directory, { recursive: true });
});

/** Starts it, at first or again, with this deployment.toml. */
async function startWith(toml: string): Promise<void> {
  const file = join(directory, 'deployment.toml');
  writeFileSync(file, toml);
  if (keyward as Standalone | undefined) {
    await keyward.process.kill();
    await keyward.process.start();
  } else keyward = await startStandalone({ DEPLOYMENT_TOML: file });
}

const lifetimeOf = ({ body }: Answer) => {
  const { iat = 0, exp = 0 } = decodeJwt(body.access_token);
  return [body.expires_in, exp - iat] as unknown[];
};
const introspect = async (token: string) => {
  const answer = await keyward.deployment.send('/introspect', { form: { token }, basic: keyward.deployment.basic });
  return answer.body as { active: boolean; iat: number; exp: number };
};
const grants = async () =>
  (await keyward.deployment.send('/.well-known/openid-configuration')).body.grant_types_supported as string[];

/** What no setting here is about. */
const OTHERS = ['token-exchange', 'jwt-bearer', 'device_code'].map(
  (name) => `urn:ietf:params:oauth:grant-type:${name}`,
);
OTHERS.unshift('authorization_code');

// One after the other: each is another deployment.toml of the same home.
describe('deployment.toml', () => {
  let refreshToken: string;

  it('a fresh home may have the password grant off: row 4, RO-01, RO-09', async () => {
    await startWith('[oauth.grant_type.password]\nenable = false\n');
    const { deployment } = keyward;
    expectError(await deployment.passwordToken(), 'unsupported_grant_type');
    expectError(await deployment.passwordToken({ password: 'wrong' }), 'unsupported_grant_type');
    expect((await deployment.token(CLIENT)).status).toBe(200);
    expect(await grants()).toEqual(['client_credentials', 'refresh_token', ...OTHERS]);
    const { body } = await deployment.send(`/t/${deployment.demo.organization}/.well-known/oauth-authorization-server`);
    expect(body.grant_types_supported).not.toContain('password');
  });

  it('RO-01 operators keep their way in', async () => {
    expect(await keyward.deployment.cliJson('orgs', 'list')).toEqual(expect.any(Array));
  });

  it('lifetimes of tokens are those of the names that API Manager’s administrators know', async () => {
    await startWith(`[oauth.token_validation]
user_access_token_validity = 1200
app_access_token_validity = 600
refresh_token_validity = 7200
`);
    const { deployment } = keyward;
    const answer = await deployment.passwordToken();
    expect(lifetimeOf(answer)).toEqual([1200, 1200]);
    expect(lifetimeOf(await deployment.token(CLIENT))).toEqual([600, 600]);
    refreshToken = answer.body.refresh_token as string;
    const { iat, exp } = await introspect(refreshToken);
    expect(exp - iat).toBe(7200);
    expect(await grants()).toEqual(['password', 'client_credentials', 'refresh_token', ...OTHERS]);
  });

  it('a consumer key’s lifetime is narrower or wider than the server’s', async () => {
    const { deployment } = keyward;
    const { organization, consumerKey } = deployment.demo;
    const update = ['keys', 'update', consumerKey, '--org', organization, '--access-token-lifetime'];
    expect((await deployment.cli([...update, '120'])).stderr).toBe('');
    expect(lifetimeOf(await deployment.token(CLIENT))).toEqual([120, 120]);
  });

  it('client credentials and refreshing are switched off as the password grant is', async () => {
    await startWith(`[oauth.grant_type.client_credentials]
enable = false
[oauth.grant_type.refresh_token]
enable = false
`);
    const { deployment } = keyward;
    expectError(await deployment.token(CLIENT), 'unsupported_grant_type');
    const form = { grant_type: 'refresh_token', refresh_token: refreshToken };
    expectError(await deployment.token(form), 'unsupported_grant_type');
    expect(await grants()).toEqual(['password', ...OTHERS]);
    const { status, body } = await deployment.passwordToken();
    expect(status).toBe(200);
    expect(body).not.toHaveProperty('refresh_token');
  });

  it('what was off and is on again works on', async () => {
    await startWith('');
    const answer = await keyward.deployment.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
    expect(answer.status).toBe(200);
  });
});
