import { existsSync, readFileSync } from 'node:fs';
import { parse, TomlError } from 'smol-toml';
import { ConfigError } from '../config-error';

/** A deployment.toml, its tables flattened. */
export interface DeploymentToml {
  readonly path: string;
  /** By dotted key. The tables of an array share their keys: the last one's value stands. */
  readonly values: ReadonlyMap<string, unknown>;
}

/** Reads the file named, or else ./deployment.toml if there is one. Throws a ConfigError with line and column. */
export function readDeploymentToml(path?: string): DeploymentToml | undefined {
  const file = path || 'deployment.toml';
  if (!path && !existsSync(file)) return undefined;
  try {
    return parseDeploymentToml(readFileSync(file, 'utf8'), file);
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    throw new ConfigError([`DEPLOYMENT_TOML is "${file}": must name a file that can be read`]);
  }
}

/** Parses the text of a deployment.toml; `path` is how mistakes name it. */
export function parseDeploymentToml(text: string, path = 'deployment.toml'): DeploymentToml {
  try {
    return { path, values: new Map(flatten(parse(text))) };
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason] = error.message.split('\n');
    throw new ConfigError([`${path}, line ${error.line}, column ${error.column}: ${reason}`]);
  }
}

function* flatten(table: object, prefix = ''): Generator<[string, unknown]> {
  for (const [name, value] of Object.entries(table) as [string, unknown][])
    if (isTable(value)) yield* flatten(value, `${prefix}${name}.`);
    else if (Array.isArray(value) && value.some(isTable))
      for (const item of value.filter(isTable)) yield* flatten(item, `${prefix}${name}.`);
    else yield [prefix + name, value];
}

const isTable = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);
