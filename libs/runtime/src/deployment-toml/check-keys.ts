import { settingsOf } from '../setting';
import { ALL_SETTINGS } from '../settings/all';
import { API_MANAGER_KEYS } from './api-manager-keys';
import type { DeploymentToml } from './read';

const OUR_KEYS = Object.values(ALL_SETTINGS)
  .flatMap(settingsOf)
  .map(({ toml }) => toml)
  .filter((key) => key !== undefined);

const OURS = new Set(OUR_KEYS);
const THEIRS = new Set(API_MANAGER_KEYS);

/** The mistakes among the keys of a deployment.toml; those of API Manager that Keyward does not use are told to `warn`. */
export function checkKeys({ path, values }: DeploymentToml, warn?: (warning: string) => void): string[] {
  const others = [...values.keys()].filter((key) => !OURS.has(key));
  const unused = others.filter(isApiManagers);
  for (const [table, keys] of byTable(unused)) warn?.(`[${table}] in ${path}: Keyward does not use ${keys.join(', ')}`);
  return others.filter((key) => !isApiManagers(key)).map((key) => describe(key, path));
}

/** By itself, or by a table above it of which every key is known. */
function isApiManagers(key: string): boolean {
  const parts = key.split('.');
  return THEIRS.has(key) || parts.some((_, depth) => THEIRS.has([...parts.slice(0, depth), '*'].join('.')));
}

function byTable(keys: string[]): Map<string, string[]> {
  const tables = new Map<string, string[]>();
  for (const key of keys) {
    const end = key.lastIndexOf('.');
    const table = key.slice(0, Math.max(end, 0));
    tables.set(table, [...(tables.get(table) ?? []), key.slice(end + 1)]);
  }
  return tables;
}

function describe(key: string, path: string): string {
  const nearest = [...OUR_KEYS, ...API_MANAGER_KEYS]
    .map((known) => compare(key, known))
    .reduce((best, next) => (next.far < best.far ? next : best));
  return `${key} in ${path} is not a setting: ${nearest.near ? `did you mean ${nearest.meant}?` : 'must be a known key'}`;
}

/** How far a key is from a known one. Below a table of which every key is known, only the table can be mistyped. */
function compare(key: string, known: string): { meant: string; far: number; near: boolean } {
  const table = known.endsWith('.*') ? known.slice(0, -2) : undefined;
  const depth = table?.split('.').length ?? Infinity;
  const written = key.split('.').slice(0, depth).join('.');
  const far = distance(written, table ?? known);
  return {
    meant: table === undefined ? known : table + key.slice(written.length),
    far,
    near: far <= Math.min(6, written.length / 4),
  };
}

/** Levenshtein's. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
