import {
  Deployment,
  entryOf,
  freeOffset,
  freePort,
  NO_STOCK,
  plainEnv,
  startStandalone,
  temporaryDirectory,
  type Demo,
  type Standalone,
} from '@keyward/testing';
import { execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { join } from 'node:path';

const isRoot = process.getuid?.() === 0;
const NOBODY = 65_534;

let keyward: Standalone;
const directories: string[] = [];

beforeAll(async () => {
  keyward = await startStandalone();
});
afterAll(async () => {
  await keyward.stop();
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

const modeOf = (name: string) => statSync(join(keyward.home, name)).mode & 0o777;
const readDemo = () => JSON.parse(readFileSync(join(keyward.home, 'demo.json'), 'utf8')) as Demo;
/** The server process of the home's PostgreSQL; undefined when none runs. */
const postgresOf = (home: string): number | undefined => {
  const file = join(home, 'postgres/postmaster.pid');
  return existsSync(file) ? Number(readFileSync(file, 'utf8').split('\n')[0]) : undefined;
};
const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

/** A start that ends by itself. */
async function fails(env: Record<string, string>, cwd = keyward.home, user?: number) {
  const child = spawn(process.execPath, [entryOf('standalone')], {
    env: { ...plainEnv(), ...env },
    cwd,
    ...(user === undefined ? {} : { uid: user, gid: user }),
  });
  const [stderr, , [code]] = await Promise.all([text(child.stderr), text(child.stdout), once(child, 'exit')]);
  return { code: code as number, stderr };
}

async function scratch(): Promise<string> {
  const directory = await temporaryDirectory();
  directories.push(directory);
  return directory;
}

describe('npm start', () => {
  it('prints lines that show a token blocked for want of a scope, and one that passes', () => {
    const { output } = keyward.process;
    const lines = /^ {2}(token\(\) [^]*?)\n\n/m.exec(output)?.[1] ?? '';
    const [, ...calls] = lines.split('\n').map((line) => line.trim());
    const { readUrl, updateUrl } = readDemo().api ?? {};
    // The shell's reading of the lines; what `token` gives is the scope that it is asked for.
    const script = lines.replace(/token\(\) \{.*/, 'token() { echo "$1"; }');
    const asked = execFileSync('sh', ['-c', `curl() { printf '%s|' "$@"; echo; }; ${script}`], { encoding: 'utf8' });
    expect(calls).toHaveLength(3);
    expect(asked.trim().split('\n')).toEqual([
      `-k|-X|GET|-H|Authorization: Bearer read|${readUrl}|`,
      `-k|-X|PUT|-H|Authorization: Bearer read|${updateUrl}|`,
      `-k|-X|PUT|-H|Authorization: Bearer read+update|${updateUrl}|`,
    ]);
  });

  it('prints a curl line that can be pasted', async () => {
    const line = /^ {2}(curl .*)$/m.exec(keyward.process.output)?.[1] ?? '';
    // The shell's reading of the line; the request is made here, so that no curl is needed.
    const script = `curl() { for each in "$@"; do printf '%s\\0' "$each"; done; }; ${line}`;
    const [k, d, body, h, header = '', url = ''] = execFileSync('sh', ['-c', script], { encoding: 'utf8' }).split('\0');
    expect([k, d, h]).toEqual(['-k', '-d', '-H']);
    const [name = '', value = ''] = header.split(': ');
    const answer = await keyward.deployment.send(url, {
      body,
      headers: { [name]: value, 'content-type': 'application/x-www-form-urlencoded' },
    });
    expect(answer.status).toBe(200);
  });

  it('keeps what is secret to its user', () => {
    for (const name of ['demo.json', 'secrets.json', 'certificate.key.pem', 'lock'])
      expect([name, modeOf(name)]).toEqual([name, 0o600]);
    expect(statSync(keyward.home).mode & 0o777).toBe(isRoot ? 0o711 : 0o700);
  });

  it('leaves the command line with nothing to ask for', () => {
    const env = { ...plainEnv(), KEYWARD_HOME: keyward.home };
    const cli = (...args: string[]) =>
      execFileSync(process.execPath, [entryOf('cli'), ...args], { env, encoding: 'utf8' });
    expect(cli('orgs', 'list')).toMatch(/^johnsorg +/m);
    expect(JSON.parse(cli('token'))).toMatchObject({ token_type: 'Bearer' });
  });

  it('says so when the home is in use', async () => {
    const { code, stderr } = await fails({ KEYWARD_HOME: keyward.home, PORT_OFFSET: String(await freeOffset()) });
    expect(code).toBe(1);
    expect(stderr).toContain(`already running in ${keyward.home}, as process ${keyward.process.pid}`);
    expect((await keyward.deployment.passwordToken()).status).toBe(200);
  });

  it('names a port that is taken, and the way round', async () => {
    const home = join(await scratch(), 'home');
    const { code, stderr } = await fails({ KEYWARD_HOME: home, PORT_OFFSET: String(keyward.offset) });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`Port ${8243 + keyward.offset} is taken.*PORT_OFFSET`));
  });

  // Only root runs PostgreSQL as another user, who has to get in.
  if (isRoot)
    it('names a home that PostgreSQL cannot use', async () => {
      const closed = join(await scratch(), 'closed');
      mkdirSync(closed, { mode: 0o700 });
      const { code, stderr } = await fails({
        KEYWARD_HOME: join(closed, 'home'),
        PORT_OFFSET: String(await freeOffset()),
      });
      expect(code).toBe(1);
      expect(stderr).toContain(`cannot enter ${closed}`);
    });
});

describe('beside another', () => {
  it('works as an ordinary user', async () => {
    const directory = await scratch();
    if (isRoot) chownSync(directory, NOBODY, NOBODY);
    chmodSync(directory, 0o700);
    const other = await startStandalone({ KEYWARD_HOME: join(directory, 'home') }, isRoot ? NOBODY : undefined);
    try {
      expect((await other.deployment.passwordToken()).status).toBe(200);
      expect(statSync(join(directory, 'home/secrets.json')).uid).toBe(isRoot ? NOBODY : process.getuid?.());
      expect(other.access.demo.consumerSecret).not.toBe(readDemo().consumerSecret);
    } finally {
      await other.stop();
    }
  });

  it('is a gateway in front of it with KEY_MANAGER_URL', async () => {
    const directory = await scratch();
    const offset = await freeOffset();
    const gateway = spawn(process.execPath, [entryOf('standalone')], {
      cwd: directory,
      env: {
        ...plainEnv(),
        PORT_OFFSET: String(offset),
        KEY_MANAGER_URL: `${keyward.deployment.baseUrl}/services/`,
        KEY_MANAGER_CA_FILE: join(keyward.home, 'certificate.pem'),
      },
    });
    try {
      for await (const chunk of gateway.stdout) if (String(chunk).includes('ready')) break;
      const access = {
        ...keyward.access,
        baseUrl: `https://localhost:${8243 + offset}`,
        caFile: join(directory, '.keyward/certificate.pem'),
        demo: readDemo(),
      };
      expect((await new Deployment(access).passwordToken()).status).toBe(200);
      expect(existsSync(join(directory, '.keyward/postgres'))).toBe(false);
    } finally {
      gateway.kill();
      await once(gateway, 'exit');
    }
  });

  it('is one that waits for NATS, says so, and ends at the first Ctrl-C', async () => {
    const home = join(await scratch(), 'home');
    const url = `nats://127.0.0.1:${await freePort()}`;
    const gateway = spawn(process.execPath, [entryOf('standalone')], {
      env: { ...plainEnv(), KEYWARD_HOME: home, PORT_OFFSET: String(await freeOffset()), KEY_MANAGER_URL: url },
    });
    let said = '';
    gateway.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    try {
      while (!said.includes(`waiting for NATS at ${url}: `)) await pause(20);
      expect(existsSync(join(home, 'lock'))).toBe(true);
      const exit = once(gateway, 'exit');
      gateway.kill('SIGINT');
      expect(await exit).toEqual([0, null]);
      expect(existsSync(join(home, 'lock'))).toBe(false);
    } finally {
      gateway.kill('SIGKILL');
    }
  });
});

/** What its home keeps from one start to the next. */
const keptSecrets = () =>
  JSON.parse(readFileSync(join(keyward.home, 'secrets.json'), 'utf8')) as Record<string, string | undefined>;
const again = (env: Record<string, string> = {}) => startStandalone({ KEYWARD_HOME: keyward.home, ...env });

// One after the other: each is another start in the same home.
describe('a restart', () => {
  let password: string;
  const secret = randomBytes(24).toString('hex');
  let given: Standalone | undefined;
  afterAll(() => given?.stop());

  it('follows a crash', async () => {
    const before = readDemo();
    expect(await keyward.process.kill('SIGKILL')).toBeNull();
    await keyward.process.start();
    expect(readDemo()).toEqual(before);
    expect((await keyward.deployment.passwordToken()).status).toBe(200);
  });

  it('renews the demo secrets where demo.json was removed', async () => {
    const before = readDemo();
    expect(await keyward.process.kill('SIGTERM')).toBe(0);
    rmSync(join(keyward.home, 'demo.json'));
    await keyward.process.start();
    const demo = readDemo();
    expect(demo.password).not.toBe(before.password);
    expect((await new Deployment({ ...keyward.access, demo }).passwordToken()).status).toBe(200);
    expect((await keyward.deployment.passwordToken()).status).toBe(401);
  });

  it('goes on where the password of admin was changed, says what to do, and hands out no wrong one', async () => {
    ({ password } = await keyward.deployment.cliJson('users', 'reset-password', 'admin', '--org', 'root'));
    await keyward.process.kill();
    const next = await again();
    try {
      expect(next.process.output).toMatch(/^warning: the demo organization .* start once .* KEYWARD_ADMIN_PASSWORD/m);
      expect(next.access.demo.admin).not.toHaveProperty('password');
      expect((await next.deployment.passwordToken()).status).toBe(200);
    } finally {
      await next.stop();
    }
  });

  it('does so where nothing is known of the demo organization, either', async () => {
    rmSync(join(keyward.home, 'demo.json'));
    const child = spawn(process.execPath, [entryOf('standalone')], {
      env: {
        ...plainEnv(),
        KEYWARD_HOME: keyward.home,
        PORT_OFFSET: String(await freeOffset()),
        ...NO_STOCK,
      },
    });
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    while (!said.includes('Keyward is ready') && child.exitCode === null) await pause(20);
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([0, null]);
    expect(existsSync(join(keyward.home, 'demo.json'))).toBe(false);
  });

  it('keeps what the environment gives instead of what was kept, once it is accepted', async () => {
    given = await again({ KEYWARD_ADMIN_PASSWORD: password, KEYWARD_CLI_SECRET: secret });
    expect(keptSecrets()).toMatchObject({ adminPassword: password, cliSecret: secret });
  });

  it('keeps that and the state without it, and stops without a trace', async () => {
    if (!given) throw new Error('nothing was given');
    const [before, { body }] = [readDemo(), await given.deployment.passwordToken()];
    const postgres = postgresOf(keyward.home) ?? 0;
    expect(isAlive(postgres)).toBe(true);

    expect(await given.process.kill('SIGINT')).toBe(0);
    while (isAlive(postgres)) await pause(20); // Its last act is to end; a server that stays fails the test by its timeout.
    expect(existsSync(join(keyward.home, 'lock'))).toBe(false);

    const later = await again({ PORT_OFFSET: String(given.offset) });
    try {
      expect(readDemo()).toEqual(before);
      expect(later.access.demo.admin).toMatchObject({ password, consumerSecret: secret });
      expect(await later.deployment.cliJson('orgs', 'list')).toEqual(expect.any(Array));
      const form = { grant_type: 'refresh_token', refresh_token: body.refresh_token as string };
      expect((await later.deployment.token(form)).status).toBe(200);
    } finally {
      await later.stop();
    }
  });

  it('is refused another key-encryption key while nothing opens what is sealed', async () => {
    const before = keptSecrets();
    const { code, stderr } = await fails({
      KEYWARD_HOME: keyward.home,
      PORT_OFFSET: String(await freeOffset()),
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    });
    expect([code, stderr]).toEqual([78, expect.stringMatching(/KEY_ENCRYPTION_OTHER_KEYS/)]);
    expect(keptSecrets()).toEqual(before);
  });
});
