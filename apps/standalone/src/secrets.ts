import { randomBytes } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { StartError } from './start-error';

/** What the first start generates and every later one needs. */
export interface Secrets {
  /** Of PostgreSQL's superuser. */
  postgres: string;
  directoryDatabase: string;
  keyManagerDatabase: string;
  tokenDatabase: string;
  /** 32 bytes, base64. */
  keyEncryptionKey: string;
  adminPassword: string;
  cliSecret: string;
}

const generate = () => randomBytes(32).toString('hex');

/** The home's secrets.json, made at the first start; what the environment names then becomes part of it. */
export function openSecrets(home: string, env: NodeJS.ProcessEnv): Secrets {
  const path = join(home, 'secrets.json');
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Secrets;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT')
      throw new StartError(`${path} cannot be read, and without it the state beside it is lost: restore it.`, {
        cause: error,
      });
  }
  const secrets: Secrets = {
    postgres: generate(),
    directoryDatabase: generate(),
    keyManagerDatabase: generate(),
    tokenDatabase: generate(),
    keyEncryptionKey: env['KEY_ENCRYPTION_KEY'] || randomBytes(32).toString('base64'),
    adminPassword: env['KEYWARD_ADMIN_PASSWORD'] || generate(),
    cliSecret: env['KEYWARD_CLI_SECRET'] || generate(),
  };
  // Whole or not at all: half a file would lock the operator out of a database that is there already.
  writeFileSync(`${path}.new`, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 });
  renameSync(`${path}.new`, path);
  return secrets;
}
