import { readFileSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import { CommandError } from './command-error';

/** `on` and `off`, for switches that can be left as they are. */
export function onOff(value: string): boolean {
  if (value !== 'on' && value !== 'off') throw new InvalidArgumentError('Say on or off.');
  return value === 'on';
}

/** Whole seconds. */
export function seconds(value: string): number {
  if (!/^\d{1,9}$/.test(value)) throw new InvalidArgumentError('Say a whole number of seconds.');
  return Number(value);
}

/** The same, or nothing, which takes a number away. */
export const secondsOrNone = (value: string): number | '' => (value === '' ? '' : seconds(value));

/** `a,b` is two. */
export const commaSeparated = (value: string): string[] => value.split(',').filter((item) => item !== '');

/** The JSON object in a file. */
export function readJson(file: string): object {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'));
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // Whatever it was: named below.
  }
  throw new CommandError(`${file} cannot be read, or is not a JSON object.`, 2);
}

/** A JSON object, as it is typed. */
export function jsonObject(value: string): object {
  try {
    const parsed: unknown = JSON.parse(value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) return parsed;
  } catch {
    // Said below, whatever it is.
  }
  throw new InvalidArgumentError('Say a JSON object.');
}

/** The body of an update, which has to change something. */
export function changes<T extends object>(body: T): T {
  if (Object.values(body).every((value) => value === undefined))
    throw new CommandError('Nothing to change: give at least one option (--help lists them).', 2);
  return body;
}

/** Examples below a command's help. */
export const examples = (...lines: string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ keyward ${line}`).join('\n')}`;
