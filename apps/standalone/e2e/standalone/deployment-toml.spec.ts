import {
  Child,
  Deployment,
  entryOf,
  freeOffset,
  Guard,
  plainEnv,
  ROOT,
  temporaryDirectory,
  type Demo,
} from '@keyward/testing';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
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
  child = new Child({
    name: 'standalone',
    entry: entryOf('standalone'),
    env: plainEnv(), // No PORT_OFFSET: the file alone says where.
    cwd: directory,
    isReady: () => Promise.resolve(existsSync(join(home, 'demo.json'))),
    guard,
  });
  await child.start();
  deployment = new Deployment({
    target: 'standalone',
    baseUrl: `https://localhost:${8243 + offset}`,
    caFile: join(home, 'certificate.pem'),
    demo: JSON.parse(readFileSync(join(home, 'demo.json'), 'utf8')) as Demo,
  });
});
afterAll(async () => {
  await child.kill();
  guard.release();
  await rm(directory, { recursive: true });
});

const write = (text: string) =>
  writeFileSync(join(directory, 'deployment.toml'), text.replace('offset = 2', `offset = ${offset}`));
/** A start that is expected to end by itself. */
const start = () =>
  spawnSync(process.execPath, [entryOf('standalone')], {
    cwd: directory,
    env: { ...plainEnv(), KEYWARD_HOME: join(directory, 'other') },
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

  it('row 4: switches the password grant off', async () => {
    expectError(await deployment.passwordToken(), 'unsupported_grant_type');
  });

  it('with typing errors does not start, and names each', () => {
    write(API_MANAGER.replace('refresh_token_validity', 'refresh_token_validty').replace('"2h"', '"2 hrs"'));
    const { status, stderr } = start();
    expect(status).toBe(78);
    expect(stderr).toContain('oauth.token_validation.refresh_token_validty');
    expect(stderr).toContain('oauth.token_validation.app_access_token_validity');
    expect(stderr).not.toMatch(/^ {4}at /m); // It is no crash.
  });
});
