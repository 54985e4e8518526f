import { ConfigError, find } from '@keyward/runtime';
import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error';

/** What the first start generates and every later one needs. */
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

/** Those of the home, or new ones that `keepSecrets` makes its own: what the environment names becomes part of them. */
export function openSecrets(home: string, env: NodeJS.ProcessEnv): Secrets {
  const path = fileIn(home);
  try {
    // A home from before there was a catalog has no password for it.
    const kept = JSON.parse(readFileSync(path, 'utf8')) as Omit<Secrets, 'catalogDatabase'>;
    return { catalogDatabase: generate(), ...kept };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new StartError(`${path} cannot be read, and without it the state beside it is lost: restore it.`, {
        cause: error,
      });
  }
  return {
    postgres: generate(),
    directoryDatabase: generate(),
    keyManagerDatabase: generate(),
    catalogDatabase: generate(),
    tokenDatabase: generate(),
    keyEncryptionKey: given(env, 'KEY_ENCRYPTION_KEY') ?? randomBytes(32).toString('base64'),
    adminPassword: given(env, 'KEYWARD_ADMIN_PASSWORD') ?? generate(),
    cliSecret: given(env, 'KEYWARD_CLI_SECRET') ?? generate(),
  };
}

/** Writes the home's secrets.json, once, when what is in it is known to be accepted: nothing in it is changed again. */
export function keepSecrets(home: string, secrets: Secrets): void {
  const path = fileIn(home);
  const text = `${JSON.stringify(secrets, null, 2)}\n`;
  if (existsSync(path) && readFileSync(path, 'utf8') === text) return;
  // Whole or not at all: half a file would lock the operator out of a database that is there already.
  writeFileSync(`${path}.new`, text, { mode: 0o600 });
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
