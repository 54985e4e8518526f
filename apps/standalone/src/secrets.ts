import { ConfigError, find, type SealingSettings } from '@keyward/runtime';
import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { StartError } from './start-error';

/** What the first start generates and every later one needs, but for what an operator gives instead. */
export interface Secrets {
  /** Of PostgreSQL's superuser. */
  postgres: string;
  directoryDatabase: string;
  keyManagerDatabase: string;
  catalogDatabase: string;
  tokenDatabase: string;
  /** 32 bytes, base64. */
  keyEncryptionKey: string;
  adminPassword: string;
  cliSecret: string;
}

const generate = () => randomBytes(32).toString('hex');
const fileIn = (home: string) => join(home, 'secrets.json');

/** Those of the home; `undefined` before its first start. */
export function keptSecrets(home: string): Partial<Secrets> | undefined {
  const path = fileIn(home);
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Partial<Secrets>;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw new StartError(`${path} cannot be read, and without it the state beside it is lost: restore it.`, {
      cause: error,
    });
  }
}

/** What the environment names, or else what the home has, or else new ones, as a home of an earlier version has not all of them. */
export function openSecrets(home: string, env: NodeJS.ProcessEnv): Secrets {
  const kept = keptSecrets(home);
  const own = (name: keyof Secrets) => kept?.[name] ?? generate();
  return {
    postgres: own('postgres'),
    directoryDatabase: own('directoryDatabase'),
    keyManagerDatabase: own('keyManagerDatabase'),
    catalogDatabase: own('catalogDatabase'),
    tokenDatabase: own('tokenDatabase'),
    keyEncryptionKey: given(env, 'KEY_ENCRYPTION_KEY') ?? kept?.keyEncryptionKey ?? randomBytes(32).toString('base64'),
    adminPassword: given(env, 'KEYWARD_ADMIN_PASSWORD') ?? own('adminPassword'),
    cliSecret: given(env, 'KEYWARD_CLI_SECRET') ?? own('cliSecret'),
  };
}

/** Throws where the key-encryption key is another than the home's, and nothing would open what is sealed under that one. */
export function assertOpens(kept: Partial<Secrets> | undefined, sealing: SealingSettings): void {
  if (kept?.keyEncryptionKey === undefined) return;
  const former = Buffer.from(kept.keyEncryptionKey, 'base64');
  if ([sealing.keyEncryptionKey, ...sealing.otherKeys].some((key) => key?.equals(former))) return;
  throw new ConfigError([
    'KEY_ENCRYPTION_KEY is another than the one in secrets.json, under which keys are sealed: ' +
      'that one must be in KEY_ENCRYPTION_OTHER_KEYS, or KEY_ENCRYPTION_KEY not be set',
  ]);
}

/** Writes the home's secrets.json: what takes the place of what is kept, when it is known to be accepted. */
export function keepSecrets(home: string, secrets: Secrets): void {
  if (isDeepStrictEqual(keptSecrets(home), secrets)) return;
  const path = fileIn(home);
  // Whole or not at all: half a file would lock the operator out of a database that is there already.
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

/** As every service reads it: the variable, or the file that it names with `_FILE` at its end. */
function given(env: NodeJS.ProcessEnv, name: string): string | undefined {
  try {
    return find({ env: name, secret: true }, { env })?.value as string | undefined;
  } catch (error) {
    throw new ConfigError([`${name} is not accepted: ${(error as Error).message}`]);
  }
}
