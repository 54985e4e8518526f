import { readFileSync } from 'node:fs';
import { readDeploymentToml, type DeploymentToml } from './deployment-toml/read';
import type { SettingField } from './setting';

/** Where settings are written. The environment wins over the file. */
export interface Sources {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly toml?: DeploymentToml;
  /** Told what is read and not used. */
  readonly warn?: (warning: string) => void;
}

/** The environment, and the file that DEPLOYMENT_TOML names or else ./deployment.toml. */
export const processSources = (warn?: (warning: string) => void): Sources => ({
  env: process.env,
  toml: readDeploymentToml(process.env.DEPLOYMENT_TOML),
  warn,
});

export interface Written {
  value: unknown;
  /** The variable, or the key and its file. */
  from: string;
}

/** What is written for a setting. An empty variable counts as none, as Compose passes those that are not set. */
export function find(
  { env: name, toml: key, secret }: Pick<SettingField, 'env' | 'toml' | 'secret'>,
  { env, toml, warn }: Sources,
): Written | undefined {
  const value = env[name] || undefined;
  const file = secret ? env[`${name}_FILE`] || undefined : undefined;
  if (value && file) throw new Error(`must not be given twice, by itself and by ${name}_FILE`);
  if (file) return { value: contentOf(file, `${name}_FILE`), from: `${name}_FILE` };
  if (value) return { value, from: name };

  const written = key === undefined ? undefined : toml?.values.get(key);
  if (toml === undefined || written === undefined) return undefined;
  const from = `${key} in ${toml.path}`;
  // API Manager's own file refers to its other settings in this way; what they say, Keyward cannot know.
  if (typeof written === 'string' && written.includes('${')) {
    warn?.(`${from} is not used: ${JSON.stringify(written)} is a template of API Manager`);
    return undefined;
  }
  return { value: written, from };
}

function contentOf(path: string, name: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    throw new Error(`${name} must name a file that can be read (${(error as NodeJS.ErrnoException).code})`);
  }
}
