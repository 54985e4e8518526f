import { entryOf, freeOffset, plainEnv, startStandalone, temporaryDirectory } from '@keyward/testing';
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';

let directory: string;
let home: string;
beforeAll(async () => {
  directory = await temporaryDirectory();
  home = join(directory, 'home');
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

const start = (env: Record<string, string> = {}) => startStandalone({ KEYWARD_HOME: home, ...env });
const keptSecrets = () =>
  JSON.parse(readFileSync(join(home, 'secrets.json'), 'utf8')) as Record<string, string | undefined>;

async function spawned(env: Record<string, string> = {}) {
  const offset = String(await freeOffset());
  return spawn(process.execPath, [entryOf('standalone')], {
    env: { ...plainEnv(), KEYWARD_HOME: home, PORT_OFFSET: offset, SIGNING_KEY_STOCK: '0', ...env },
    cwd: directory,
  });
}

// One after the other: each is another start in the same home.
describe('a start', () => {
  let password: string;

  it('goes on where the password of admin was changed, says what to do, and hands out no wrong one', async () => {
    const first = await start();
    ({ password } = await first.deployment.cliJson('users', 'reset-password', 'admin', '--org', 'root'));
    await first.stop();
    const second = await start();
    try {
      expect(second.process.output).toMatch(/^warning: the demo organization .* start once .* KEYWARD_ADMIN_PASSWORD/m);
      expect(second.access.demo.admin).not.toHaveProperty('password');
      expect((await second.deployment.passwordToken()).status).toBe(200);
    } finally {
      await second.stop();
    }
  });

  it('does so where nothing is known of the demo organization, either', async () => {
    rmSync(join(home, 'demo.json'));
    const child = await spawned();
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!said.includes('Keyward is ready') && child.exitCode === null) await pause(20);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(join(home, 'demo.json'))).toBe(false);
  });

  it('keeps what the environment gives instead of what was kept, once it is accepted', async () => {
    const secret = randomBytes(24).toString('hex');
    const given = await start({ KEYWARD_ADMIN_PASSWORD: password, KEYWARD_CLI_SECRET: secret });
    await given.stop();
    expect(keptSecrets()).toMatchObject({ adminPassword: password, cliSecret: secret });
    const later = await start();
    try {
      expect(later.access.demo.admin).toMatchObject({ password, consumerSecret: secret });
      expect(await later.deployment.cliJson('orgs', 'list')).toEqual(expect.any(Array));
    } finally {
      await later.stop();
    }
  });

  it('is refused another key-encryption key while nothing opens what is sealed', async () => {
    const before = keptSecrets();
    const child = await spawned({ KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64') });
    const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')]);
    expect([code, stderr]).toEqual([78, expect.stringMatching(/KEY_ENCRYPTION_OTHER_KEYS/)]);
    expect(keptSecrets()).toEqual(before);
  });
});
