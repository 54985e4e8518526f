import { randomBytes, X509Certificate } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openCertificate } from './certificate';
import { configure } from './configuration';
import { openHome } from './home';
import { lock } from './lock';
import { assertFree } from './ports';
import { assertOpens, keepSecrets, keptSecrets, openSecrets } from './secrets';
import { startStandalone } from './standalone';

const DAY = 86_400_000;

let home: string;
beforeEach(() => (home = mkdtempSync(join(tmpdir(), 'keyward-home-'))));
afterEach(() => rmSync(home, { recursive: true }));
const modeOf = (path: string) => statSync(path).mode & 0o777;

it('a home is closed to others, but for the way that root leaves to PostgreSQL', () => {
  expect(modeOf(openHome(join(home, 'new')))).toBe(process.getuid?.() === 0 ? 0o711 : 0o700);
});

describe('the lock', () => {
  it('is held by one process, until it lets go', () => {
    const unlock = lock(home);
    expect(() => lock(home)).toThrow(`already running in ${home}, as process ${process.pid}`);
    unlock();
    lock(home)();
  });

  it('of a process that is gone, or of one that had the same id, is taken over', () => {
    const file = join(home, 'lock');
    for (const left of [
      '',
      '{"pid":4194305,"started":"x"}',
      JSON.stringify({ pid: process.pid, started: 'earlier' }),
    ]) {
      writeFileSync(file, left);
      lock(home)();
    }
  });
});

describe('the secrets', () => {
  it('are generated once, each its own', () => {
    const secrets = openSecrets(home, {});
    keepSecrets(home, secrets);
    expect(openSecrets(home, {})).toEqual(secrets);
    expect(new Set(Object.values(secrets)).size).toBe(8);
    expect(Buffer.from(secrets.keyEncryptionKey, 'base64')).toHaveLength(32);
    expect(modeOf(join(home, 'secrets.json'))).toBe(0o600);
  });

  it('that the environment names go before those of the home', () => {
    const before = openSecrets(home, {});
    keepSecrets(home, before);
    const given = {
      KEYWARD_ADMIN_PASSWORD: 'another',
      KEYWARD_CLI_SECRET: 'by the operator',
      KEY_ENCRYPTION_KEY: 'a key',
    };
    const chosen = { adminPassword: 'another', cliSecret: 'by the operator', keyEncryptionKey: 'a key' };
    expect(openSecrets(home, given)).toEqual({ ...before, ...chosen });
  });

  it('C-31 another key-encryption key is refused while the one before does not open', () => {
    const secrets = openSecrets(home, {});
    keepSecrets(home, secrets);
    const KEY_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    const file = join(home, 'secrets.json');
    const started = (more: NodeJS.ProcessEnv) => {
      const env = { KEY_ENCRYPTION_KEY, ...more };
      const { keyManager } = configure(env, openSecrets(home, env), { certFile: file, keyFile: file });
      assertOpens(keptSecrets(home), keyManager.sealing);
    };
    expect(() => started({})).toThrow(/KEY_ENCRYPTION_KEY is another than the one in secrets.json/);
    started({ KEY_ENCRYPTION_OTHER_KEYS: secrets.keyEncryptionKey });
    started({ KEY_ENCRYPTION_KEY: secrets.keyEncryptionKey });
  });

  it('abuse 50: of two homes have nothing in common', () => {
    const [one, other] = ['one', 'other'].map((name) => Object.values(openSecrets(openHome(join(home, name)), {})));
    expect(one).toHaveLength(8);
    expect(one?.filter((secret) => other?.includes(secret))).toEqual([]);
  });

  it('of a home from before there was a catalog get its password, and no other one', () => {
    const { catalogDatabase, ...before } = openSecrets(home, {});
    writeFileSync(join(home, 'secrets.json'), JSON.stringify(before));
    const secrets = openSecrets(home, {});
    expect(secrets).toEqual({ ...before, catalogDatabase: expect.any(String) });
    expect(secrets.catalogDatabase).not.toBe(catalogDatabase);
    keepSecrets(home, secrets);
    expect(openSecrets(home, {})).toEqual(secrets);
  });

  it('take those that the environment names at the first start', () => {
    const secrets = openSecrets(home, { KEYWARD_ADMIN_PASSWORD: 'chosen', KEYWARD_CLI_SECRET: 'by the operator' });
    expect(secrets).toMatchObject({ adminPassword: 'chosen', cliSecret: 'by the operator' });
  });

  it('take them from files, too', () => {
    const path = join(home, 'password');
    writeFileSync(path, 'chosen\n');
    expect(openSecrets(home, { KEYWARD_ADMIN_PASSWORD_FILE: path })).toMatchObject({ adminPassword: 'chosen' });
    const missing = { KEY_ENCRYPTION_KEY_FILE: join(home, 'missing') };
    expect(() => openSecrets(home, missing)).toThrow(/KEY_ENCRYPTION_KEY_FILE must name a file that can be read/);
  });

  it('are given by files to the services as well, once they are kept', () => {
    const path = join(home, 'key');
    writeFileSync(path, randomBytes(32).toString('base64'));
    const env = { KEY_ENCRYPTION_KEY_FILE: path };
    const secrets = openSecrets(home, env);
    const { keyManager } = configure(env, secrets, { certFile: path, keyFile: path });
    expect(keyManager.sealing.keyEncryptionKey?.toString('base64')).toBe(secrets.keyEncryptionKey);
  });

  it('that are not accepted are not kept: the next start may have better ones', async () => {
    const undo: (() => unknown)[] = [];
    const start = (env: NodeJS.ProcessEnv) =>
      startStandalone({ env, done: () => undefined, warn: () => undefined, signal: AbortSignal.abort(), undo });
    await expect(start({ KEYWARD_HOME: home, KEYWARD_ADMIN_PASSWORD: 'short' })).rejects.toThrow(/ADMIN_PASSWORD/);
    undo.splice(0).forEach((step) => step());
    expect(existsSync(join(home, 'secrets.json'))).toBe(false);
    await expect(start({ KEYWARD_HOME: home, NODE_ENV: 'production' })).rejects.toThrow(/NODE_ENV is "production"/);
    undo.splice(0).forEach((step) => step());
  });

  it('that are refused later leave those that were kept', async () => {
    const secrets = openSecrets(home, {});
    keepSecrets(home, secrets);
    const undo: (() => unknown)[] = [];
    const start = (env: NodeJS.ProcessEnv) =>
      startStandalone({ env, done: () => undefined, warn: () => undefined, signal: AbortSignal.abort(), undo });
    const KEY_ENCRYPTION_KEY = randomBytes(32).toString('base64');
    await expect(start({ KEYWARD_HOME: home, KEY_ENCRYPTION_KEY })).rejects.toThrow(/OTHER_KEYS/);
    undo.splice(0).forEach((step) => step());
    // Nobody has signed in with it yet.
    await expect(start({ KEYWARD_HOME: home, KEYWARD_ADMIN_PASSWORD: 'a password of somebody' })).rejects.toThrow(
      /abort/,
    );
    undo.splice(0).forEach((step) => step());
    expect(keptSecrets(home)).toEqual(secrets);
  });

  it('that cannot be read are not replaced', () => {
    writeFileSync(join(home, 'secrets.json'), '{');
    expect(() => openSecrets(home, {})).toThrow(/cannot be read/);
  });
});

describe('the certificate', () => {
  it('is made once, for this machine by its names', async () => {
    const { certFile, keyFile } = await openCertificate(home);
    const pem = readFileSync(certFile, 'utf8');
    const certificate = new X509Certificate(pem);
    expect(certificate.checkHost('localhost')).toBe('localhost');
    expect(certificate.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(certificate.checkIP('::1')).toBe('::1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(modeOf(keyFile)).toBe(0o600);
    await openCertificate(home);
    expect(readFileSync(certFile, 'utf8')).toBe(pem);
  });

  it('is made again before it ends', async () => {
    const { certFile } = await openCertificate(home);
    const pem = readFileSync(certFile, 'utf8');
    await openCertificate(home, Date.now() + 800 * DAY);
    expect(readFileSync(certFile, 'utf8')).not.toBe(pem);
  });
});

it('a taken port is named with the way round', async () => {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await expect(assertFree(port, '127.0.0.1')).rejects.toThrow(`Port ${port} is taken. PORT_OFFSET=`);
  await new Promise((resolve) => server.close(resolve));
  await assertFree(port, '127.0.0.1');
});
