import { CATALOG_SETTINGS, type CatalogConfig } from '@keyward/catalog';
import { DIRECTORY_SETTINGS, type DirectoryConfig } from '@keyward/directory';
import { gatewaySettings, type GatewayConfig } from '@keyward/gateway';
import { KEY_MANAGER_SETTINGS, type KeyManagerConfig } from '@keyward/key-manager';
import { ConfigError, loadConfig, readDeploymentToml, type Config, type SettingsClass } from '@keyward/runtime';
import { TOKEN_SETTINGS, type TokenConfig } from '@keyward/token';
import { type CertificateFiles } from './certificate';
import { type Secrets } from './secrets';

/** The settings of every service, as each would read them in a process of its own. */
export interface Configuration {
  directory: DirectoryConfig;
  keyManager: KeyManagerConfig;
  catalog: CatalogConfig;
  token: TokenConfig;
  gateway: GatewayConfig;
  /** What is written and not used. */
  warnings: string[];
}

/** Stands for the address of a database that is not started yet. */
const LATER = 'postgres://127.0.0.1/postgres';

/** Reads deployment.toml and the environment, to which it adds what the home holds. Throws with every mistake of all services. */
export function configure(env: NodeJS.ProcessEnv, secrets: Secrets, certificate: CertificateFiles): Configuration {
  if (env['NODE_ENV'] === 'production')
    throw new ConfigError(['NODE_ENV is "production": here everything is in one process, for development alone']);
  const mistakes = new Set<string>();
  const warnings = new Set<string>();
  const toml = readDeploymentToml(env['DEPLOYMENT_TOML']);
  const ownCertificate = !env['TLS_CERT_FILE'] && !env['TLS_KEY_FILE'];
  const all = {
    LOG_LEVEL: 'warn',
    ...env,
    ...(ownCertificate ? { TLS_CERT_FILE: certificate.certFile, TLS_KEY_FILE: certificate.keyFile } : {}),
    ...secret('DATABASE_URL', LATER),
    DATABASE_CA_FILE: undefined,
    ...secret('KEY_ENCRYPTION_KEY', secrets.keyEncryptionKey),
    ...secret('KEYWARD_ADMIN_PASSWORD', secrets.adminPassword),
    ...secret('KEYWARD_CLI_SECRET', secrets.cliSecret),
  };
  const load = <C extends Record<string, SettingsClass>>(classes: C): Config<C> => {
    try {
      return loadConfig(classes, { env: all, toml, warn: (text) => warnings.add(text) });
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const mistake of error.mistakes) mistakes.add(mistake);
      return {} as Config<C>; // Nobody sees it: the mistakes are thrown below.
    }
  };
  const configuration = {
    directory: load(DIRECTORY_SETTINGS),
    keyManager: load(KEY_MANAGER_SETTINGS),
    catalog: load(CATALOG_SETTINGS),
    token: load(TOKEN_SETTINGS),
    gateway: load(gatewaySettings),
    warnings: [...warnings],
  };
  if (mistakes.size > 0) throw new ConfigError([...mistakes]);
  return configuration;
}

/** Instead of what the environment says, by itself or by a file. */
const secret = (name: string, value: string) => ({ [name]: value, [`${name}_FILE`]: undefined });
