import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig } from './config';
import { ConfigError } from './config-error';
import { parseDeploymentToml } from './deployment-toml/read';
import { settingsOf, type SettingsClass } from './setting';
import { ALL_SETTINGS } from './settings/all';
import { BusSettings } from './settings/bus';
import { DatabaseSettings } from './settings/database';
import { HashingSettings } from './settings/hashing';
import { SealingSettings } from './settings/keys';
import { OAuthSettings } from './settings/oauth';
import { AdminSettings } from './settings/operator';
import { ServerSettings } from './settings/server';

const CANARY = 'canary-4f9a1c';
const KEY = Buffer.from('b9f3075ea14cd2866b1f0de8c05a937742dc1b8e6fa02539c4d7e81f6a0b53cd', 'hex');

const folder = mkdtempSync(join(tmpdir(), 'keyward-config-'));
const file = (name: string, content: string): string => {
  writeFileSync(join(folder, name), content);
  return join(folder, name);
};
afterAll(() => rmSync(folder, { recursive: true }));

function mistakesOf(Class: SettingsClass, env: Record<string, string>, toml?: string): readonly string[] {
  try {
    loadConfig({ it: Class }, { env, toml: toml === undefined ? undefined : parseDeploymentToml(toml) });
    return [];
  } catch (error) {
    if (error instanceof ConfigError) return error.mistakes;
    throw error;
  }
}

describe('what is not set', () => {
  it('has the defaults of the seed pages: port 8243, an hour, a day, the password grant on', () => {
    const { server, oauth } = loadConfig({ server: ServerSettings, oauth: OAuthSettings }, { env: {} });
    expect(server).toMatchObject({ port: 8243, publicUrl: 'https://localhost:8243', host: 'localhost' });
    expect(oauth).toMatchObject({
      passwordGrant: true,
      userAccessTokenLifetime: 3600,
      applicationAccessTokenLifetime: 3600,
      refreshTokenLifetime: 86_400,
      refreshGrace: 10,
    });
  });

  it('counts so when its variable is empty', () => {
    const { hashing } = loadConfig(
      { hashing: HashingSettings },
      { env: { HASHING_CONCURRENCY: '', HASHING_QUEUE: '' } },
    );
    expect(hashing).toMatchObject({ concurrency: availableParallelism(), queue: 64 });
  });

  it('is named as missing where there is no default', () => {
    expect(mistakesOf(DatabaseSettings, {})).toEqual([
      'DATABASE_URL is missing: must be a URL with postgres:// or postgresql://',
    ]);
  });
});

describe('where settings come from', () => {
  it('the environment wins over deployment.toml', () => {
    const toml = parseDeploymentToml('[server]\noffset = 5\n[oauth.grant_type.password]\nenable = false');
    const { server, oauth } = loadConfig(
      { server: ServerSettings, oauth: OAuthSettings },
      { env: { PORT_OFFSET: '7' }, toml },
    );
    expect([server.offset, server.port, server.publicUrl]).toEqual([7, 8250, 'https://localhost:8250']);
    expect(oauth.passwordGrant).toBe(false);
  });

  it.each([
    ['1800', 1800],
    ['30m', 1800],
    ['2h', 7200],
    ['1d', 86_400],
  ])('a lifetime of "%s" is %d seconds', (written, seconds) => {
    const toml = parseDeploymentToml(`[oauth.token_validation]\nuser_access_token_validity = "${written}"`);
    expect(loadConfig({ oauth: OAuthSettings }, { env: {}, toml }).oauth.userAccessTokenLifetime).toBe(seconds);
  });

  it('a secret may be in a file, and not in two places', () => {
    const path = file('key', `${KEY.toString('base64')}\n`);
    const { keys } = loadConfig({ keys: SealingSettings }, { env: { KEY_ENCRYPTION_KEY_FILE: path } });
    expect(keys.keyEncryptionKey).toEqual(KEY);
    expect(mistakesOf(SealingSettings, { KEY_ENCRYPTION_KEY: 'x', KEY_ENCRYPTION_KEY_FILE: path })[0]).toMatch(/twice/);
    expect(mistakesOf(SealingSettings, { KEY_ENCRYPTION_KEY_FILE: join(folder, 'none') })[0]).toMatch(
      /KEY_ENCRYPTION_KEY_FILE must name a file that can be read \(ENOENT\)/,
    );
  });

  it('C-31 further key-encryption keys are separated by commas or lines', () => {
    const [one, other] = [randomBytes(32), randomBytes(32)].map((key) => key.toString('base64')) as [string, string];
    const path = file('others', `${one}\n${other}\n`);
    const env = { KEY_ENCRYPTION_KEY: KEY.toString('base64') };
    const otherKeys = (more: Record<string, string>) =>
      loadConfig({ keys: SealingSettings }, { env: { ...env, ...more } }).keys.otherKeys.map((key) =>
        key.toString('base64'),
      );
    expect(otherKeys({})).toEqual([]);
    expect(otherKeys({ KEY_ENCRYPTION_OTHER_KEYS: `${one}, ${other}` })).toEqual([one, other]);
    expect(otherKeys({ KEY_ENCRYPTION_OTHER_KEYS_FILE: path })).toEqual([one, other]);
    expect(mistakesOf(SealingSettings, { ...env, KEY_ENCRYPTION_OTHER_KEYS: `${one},x` })).toHaveLength(1);
  });
});

describe('mistakes', () => {
  it('are named all at once, each with what was found and what is expected', () => {
    const sources = {
      env: { PORT_OFFSET: '70000', PUBLIC_URL: 'http://example.com/x', PASSWORD_GRANT: 'yes', HASHING_QUEUE: '0x10' },
      toml: parseDeploymentToml('[oauth.token_validation]\nrefresh_token_validity = -1\n[server]\nofset = 1'),
    };
    const load = () => loadConfig({ server: ServerSettings, oauth: OAuthSettings, hashing: HashingSettings }, sources);
    expect(load).toThrow(ConfigError);
    expect(load).toThrow(/^The configuration has 6 mistakes:/);
    for (const text of [
      'server.ofset in deployment.toml is not a setting: did you mean server.offset?',
      'PORT_OFFSET is "70000": must not be greater than 50000',
      'PUBLIC_URL is "http://example.com/x": must be https:// with a host, and a port if any, nothing after',
      'PASSWORD_GRANT is "yes": must be a boolean value',
      'oauth.token_validation.refresh_token_validity in deployment.toml is -1: must not be less than 60',
      'HASHING_QUEUE is "0x10": ',
    ])
      expect(load).toThrow(text);
  });

  it.each<[string, SettingsClass, Record<string, string>]>([
    ['a key', SealingSettings, { KEY_ENCRYPTION_KEY: CANARY }],
    ['a database', DatabaseSettings, { DATABASE_URL: `mysql://u:${CANARY}@host` }],
    ['a password', AdminSettings, { KEYWARD_ADMIN_PASSWORD: CANARY }],
    ['credentials in a URL', BusSettings, { NATS_URL: `nats://user:${CANARY}@host` }],
  ])('never show %s', (_, Class, env) => {
    const mistakes = mistakesOf(Class, env);
    expect(mistakes).toHaveLength(1);
    expect(mistakes[0]).not.toContain(CANARY);
  });

  it('a pool too small for what holds a connection and needs a second', () => {
    const env = (poolSize: string) => ({ DATABASE_URL: 'postgres://u:x7q@db/k', DATABASE_POOL_SIZE: poolSize });
    expect(mistakesOf(DatabaseSettings, env('2'))).toEqual(['DATABASE_POOL_SIZE is "2": must not be less than 3']);
    expect(mistakesOf(DatabaseSettings, env('3'))).toEqual([]);
  });

  it('BF-24 a trusted proxy is an address or a range, nothing else', () => {
    const { server } = loadConfig({ server: ServerSettings }, { env: { TRUSTED_PROXIES: '10.0.0.0/8, ::1' } });
    expect(server.trustedProxies).toEqual(['10.0.0.0/8', '::1']);
    for (const wrong of ['10.0.0.0/33', 'proxy.example.com', '1.2.3'])
      expect(mistakesOf(ServerSettings, { TRUSTED_PROXIES: wrong })).toHaveLength(1);
  });
});

describe('the key manager', () => {
  const bus = (env: Record<string, string>) => loadConfig({ bus: BusSettings }, { env }).bus;

  it('by https:// is a remote one, of whose URL scheme, host and port count', () => {
    const { remoteKeyManager, url } = bus({ KEY_MANAGER_URL: 'https://km:9443/services/' });
    expect([remoteKeyManager, url]).toEqual(['https://km:9443', undefined]);
  });

  it('by nats:// is the services on that NATS server', () => {
    expect(bus({ KEY_MANAGER_URL: 'nats://km:4222' })).toMatchObject({ url: 'nats://km:4222' });
    expect(bus({ NATS_URL: 'tls://nats:4222', NATS_USER: 'token' }).wire('token')).toMatchObject({
      url: 'tls://nats:4222',
      name: 'token',
      user: 'token',
      maxInFlight: 1024,
    });
  });

  it('cannot be on another NATS server than the one named', () => {
    expect(mistakesOf(BusSettings, { NATS_URL: 'nats://a:4222', KEY_MANAGER_URL: 'nats://b:4222' })).toHaveLength(1);
  });

  it('is no wire without a NATS server', () => {
    expect(() => bus({}).wire('token')).toThrow('NATS_URL is missing');
  });
});

describe('production', () => {
  const ca = file('ca.pem', 'certificate');
  const tls = { TLS_CERT_FILE: ca, TLS_KEY_FILE: ca };
  const database = (url: string) => ({ DATABASE_URL: url, DATABASE_CA_FILE: ca });

  it.each<[string, SettingsClass, Record<string, string>, Record<string, string>]>([
    [
      'a plain NATS link to another host',
      BusSettings,
      { NATS_URL: 'nats://nats:4222' },
      { NATS_URL: 'tls://nats:4222' },
    ],
    ['a known NATS password', BusSettings, { NATS_PASSWORD: 'changeme' }, { NATS_PASSWORD: CANARY }],
    ['a gateway without a certificate', ServerSettings, {}, tls],
    [
      'a database elsewhere without a CA',
      DatabaseSettings,
      { DATABASE_URL: 'postgres://u:p9@db/k' },
      database('postgres://u:p9@db/k'),
    ],
    [
      'a known database password',
      DatabaseSettings,
      database('postgres://u:postgres@db/k'),
      database('postgres://u:x7q@db/k'),
    ],
    ['hashes of little memory', HashingSettings, { ARGON2_MEMORY_KIB: '19455' }, { ARGON2_MEMORY_KIB: '19456' }],
    ['hashes of one pass', HashingSettings, { ARGON2_ITERATIONS: '1' }, { ARGON2_ITERATIONS: '2' }],
  ])('refuses %s', (_, Class, env, good) => {
    expect(mistakesOf(Class, env)).toEqual([]);
    expect(mistakesOf(Class, { ...env, NODE_ENV: 'production' })).not.toEqual([]);
    expect(mistakesOf(Class, { ...good, NODE_ENV: 'production' })).toEqual([]);
  });

  it('names each setting of hashes that are too cheap, and the least', () => {
    const env = { NODE_ENV: 'production', ARGON2_MEMORY_KIB: '1024', ARGON2_ITERATIONS: '1' };
    expect(mistakesOf(HashingSettings, env)).toEqual([
      'ARGON2_MEMORY_KIB is "1024": must not be less than 19456 in production',
      'ARGON2_ITERATIONS is "1": must not be less than 2 in production',
    ]);
  });

  it.each(['[::1]', '127.0.0.1:5432', 'localhost', '%2Frun%2Fpostgresql', '%2frun'])(
    'takes plain links to this host, as %s is',
    (host) => {
      const links = { NATS_URL: 'nats://127.0.0.1:4222', DATABASE_URL: `postgres://u:x7q@${host}/k` };
      const env = { NODE_ENV: 'production', ...links };
      expect([...mistakesOf(BusSettings, env), ...mistakesOf(DatabaseSettings, env)]).toEqual([]);
    },
  );
});

describe('C-33 abuse 50: known secrets are refused everywhere', () => {
  it.each([Buffer.alloc(32), Buffer.alloc(32, 'changeme'), Buffer.from(Array.from({ length: 32 }, (_, i) => i))])(
    'key %#',
    (key) => {
      const known = key.toString('base64');
      expect(mistakesOf(SealingSettings, { KEY_ENCRYPTION_KEY: known })).toHaveLength(1);
      const beside = { KEY_ENCRYPTION_KEY: KEY.toString('base64'), KEY_ENCRYPTION_OTHER_KEYS: known };
      expect(mistakesOf(SealingSettings, beside)).toHaveLength(1);
    },
  );

  it.each(['changemechangeme', 'PasswordPassword', 'aaaaaaaaaaaaaaaa', 'admin12345678901'])(
    'password %s',
    (password) => {
      expect(mistakesOf(AdminSettings, { KEYWARD_ADMIN_PASSWORD: password })[0]).toMatch(/known default/);
    },
  );
});

it.each([
  ['true', true],
  ['false', false],
])('HTTP/2 is switched by %s', (HTTP2, http2) => {
  expect(loadConfig({ server: ServerSettings }, { env: { HTTP2 } }).server.http2).toBe(http2);
});

describe('every setting', () => {
  const settings = [...new Set(Object.values(ALL_SETTINGS).flatMap(settingsOf))];

  it('has a variable of its own', () => {
    expect(new Set(settings.map(({ env }) => env)).size).toBe(settings.length);
  });

  it('says what it is in a sentence', () => {
    expect(settings.filter(({ description }) => !/^[`A-Z0-9].*\.$/.test(description))).toEqual([]);
  });
});
