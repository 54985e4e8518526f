import {
  CHEAP_HASHES,
  Child,
  Deployment,
  entryOf,
  NO_STOCK,
  freeOffset,
  Guard,
  plainEnv,
  ROOT,
  temporaryDirectory,
  type Answer,
  type Demo,
} from '@keyward/testing';
import { decodeJwt } from 'jose';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expectError } from '../support/answers';

/** As API Manager 4 has it, with lifetimes and a grant of its administrator, and tables that Keyward has no use for. */
const API_MANAGER = readFileSync(join(ROOT, 'libs/runtime/src/deployment-toml/fixtures/api-manager-4.toml'), 'utf8');

let directory: string;
let offset: number;
let deployment: Deployment;
let child: Child;
const guard = new Guard();

beforeAll(async () => {
  directory = await temporaryDirectory();
  offset = await freeOffset();
  write(API_MANAGER);
  const home = join(directory, '.keyward');
  const demoFile = join(home, 'demo.json');
  child = new Child({
    name: 'standalone',
    entry: entryOf('standalone'),
    // No PORT_OFFSET: the file alone says where.
    env: { ...plainEnv(), ...CHEAP_HASHES, ...NO_STOCK, BUS_MAX_IN_FLIGHT: '8' },
    cwd: directory,
    isReady: () => Promise.resolve(existsSync(demoFile) && statSync(demoFile).mtimeMs >= child.startedAt),
    guard,
  });
  await child.start();
  deployment = new Deployment({
    target: 'standalone',
    baseUrl: `https://localhost:${8243 + offset}`,
    caFile: join(home, 'certificate.pem'),
    demo: JSON.parse(readFileSync(demoFile, 'utf8')) as Demo,
  });
});
afterAll(async () => {
  await child.kill();
  guard.release();
  await rm(directory, { recursive: true });
});

const CLIENT = { grant_type: 'client_credentials' };
const lifetimeOf = ({ body }: Answer) => {
  const { iat = 0, exp = 0 } = decodeJwt(body.access_token);
  return [body.expires_in, exp - iat] as unknown[];
};
const introspect = async (token: string) =>
  (await deployment.send('/introspect', { form: { token }, basic: deployment.basic })).body as {
    active: boolean;
    iat: number;
    exp: number;
  };
const grants = async () =>
  (await deployment.send('/.well-known/openid-configuration')).body.grant_types_supported as string[];

/** What no setting here is about. */
const OTHERS = ['token-exchange', 'jwt-bearer', 'device_code'].map(
  (name) => `urn:ietf:params:oauth:grant-type:${name}`,
);
OTHERS.unshift('authorization_code');

const write = (text: string) =>
  writeFileSync(join(directory, 'deployment.toml'), text.replace('offset = 2', `offset = ${offset}`));
/** Starts it again, with this instead. */
async function startWith(text: string): Promise<void> {
  write(`${text}[server]\noffset = 2\n`);
  await child.kill();
  await child.start();
}
/** A start that is expected to end by itself. */
const start = (env: Record<string, string>) =>
  spawnSync(process.execPath, [entryOf('standalone')], {
    cwd: directory,
    env: { ...plainEnv(), KEYWARD_HOME: join(directory, 'other'), ...env },
    encoding: 'utf8',
    timeout: 30_000,
  });

describe("API Manager's deployment.toml", () => {
  it('starts, and warns of what is not used without its values', () => {
    expect(child.output).toMatch(/^warning: \[server\] in .*deployment\.toml: Keyward does not use hostname/m);
    expect(child.output).toMatch(/^warning: \[database\.apim_db\] in .*: Keyward does not use type, url, username/m);
    expect(child.output).toMatch(/^warning: apim\.key_manager\.service_url .* is a template of API Manager$/m);
    expect(child.output).not.toMatch(/apim_db_password|client-truststore\.jks|postgresql:\/\//);
  });

  it('shifts the port and all that is said of it by its offset', async () => {
    const { demo, baseUrl } = deployment;
    expect([demo.tokenUrl, demo.issuer]).toEqual([`${baseUrl}/token`, `${baseUrl}/t/johnsorg`]);
    expect(child.output).toContain(`${baseUrl}/token`);
    const { body } = await deployment.send(`/t/${demo.organization}/.well-known/openid-configuration`);
    expect(body.issuer).toBe(demo.issuer);
  });

  it('says how long tokens live, in seconds and with units', async () => {
    expect((await deployment.token({ grant_type: 'client_credentials' })).body.expires_in).toBe(2 * 3600);
    const { username, password, consumerKey, consumerSecret } = deployment.demo.admin;
    const basic: [string, string] = [consumerKey, consumerSecret];
    const { body } = await deployment.send('/token', { form: { grant_type: 'password', username, password }, basic });
    expect(body.expires_in).toBe(1800);
    const refresh = await deployment.send('/introspect', { form: { token: body.refresh_token as string }, basic });
    expect(refresh.body.exp - refresh.body.iat).toBe(7 * 86_400);
  });

  it('row 4, RO-01, RO-09: a fresh home may have the password grant off', async () => {
    expectError(await deployment.passwordToken(), 'unsupported_grant_type');
    expectError(await deployment.passwordToken({ password: 'wrong' }), 'unsupported_grant_type');
    expect((await deployment.token(CLIENT)).status).toBe(200);
    expect(await grants()).toEqual(['client_credentials', 'refresh_token', ...OTHERS]);
    const { body } = await deployment.send(`/t/${deployment.demo.organization}/.well-known/oauth-authorization-server`);
    expect(body.grant_types_supported).not.toContain('password');
  });

  it('RO-01 operators keep their way in', async () => {
    expect(await deployment.cliJson('orgs', 'list')).toEqual(expect.any(Array));
  });

  it('with typing errors does not start, and names each and those of the environment', () => {
    const file = join(directory, 'another.toml');
    const wrong = API_MANAGER.replace('refresh_token_validity', 'refresh_token_validty').replace('"2h"', '"2 hrs"');
    writeFileSync(file, wrong.replace('[oauth.grant_type.password]\nenable ', '[oauth.grant_type.password]\nenabled '));
    const { status, stderr } = start({ DEPLOYMENT_TOML: file, PORT_OFFSET: 'ten' });
    expect(status).toBe(78);
    expect(stderr).toContain('oauth.token_validation.refresh_token_validty');
    expect(stderr).toContain('oauth.token_validation.app_access_token_validity');
    expect(stderr).toContain('oauth.grant_type.password.enabled');
    expect(stderr).toContain('PORT_OFFSET is "ten"');
    expect(stderr).not.toMatch(/^ {4}at /m); // It is no crash.
  });
});

// One after the other: each is another deployment.toml of the same home, from which the password grant was off.
describe('another deployment.toml', () => {
  let refreshToken: string;

  it('lifetimes of tokens are those of the names that API Manager’s administrators know', async () => {
    await startWith(`[oauth.token_validation]
user_access_token_validity = 1200
app_access_token_validity = 600
refresh_token_validity = 7200
`);
    const answer = await deployment.passwordToken();
    expect(lifetimeOf(answer)).toEqual([1200, 1200]);
    expect(lifetimeOf(await deployment.token(CLIENT))).toEqual([600, 600]);
    refreshToken = answer.body.refresh_token as string;
    const { iat, exp } = await introspect(refreshToken);
    expect(exp - iat).toBe(7200);
    expect(await grants()).toEqual(['password', 'client_credentials', 'refresh_token', ...OTHERS]);
  });

  it('a consumer key’s lifetime is narrower or wider than the server’s', async () => {
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
    const answer = await deployment.token({ grant_type: 'refresh_token', refresh_token: refreshToken });
    expect(answer.status).toBe(200);
  });

  it('BUS_MAX_IN_FLIGHT holds in one process as well', async () => {
    const answers = await Promise.all(Array.from({ length: 100 }, () => deployment.token(CLIENT)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200, 503]));
  });
});
