import 'reflect-metadata';

/** What a decorated field says about itself; with its validators and its default it is the whole setting. */
export interface SettingOptions {
  /** The environment variable. A secret may also be in a file, named by this with `_FILE` at its end. */
  env: string;
  /** The key in deployment.toml, named as API Manager names it. */
  toml?: string;
  /** What it does, with its unit. */
  description: string;
  /** Its value is never shown. */
  secret?: boolean;
  /** Turns what was written into a value; throws what was expected. By the field's type when absent. */
  parse?: (written: unknown) => unknown;
  /** A default that depends on the fields above it, and how the reference words it. */
  default?: { text: string; value: (settings: never, production: boolean) => unknown };
}

/** One setting of a class. */
export interface SettingField extends SettingOptions {
  /** Its name in the class. */
  field: string;
  parse: (written: unknown) => unknown;
}

export type SettingsClass<T extends object = object> = new () => T;

/** A rule over several fields, or one for production only: what a settings class may also check. */
export interface Checked {
  problems(production: boolean): Problem[];
}

/** A field whose value may not stay. */
export interface Problem {
  field: string;
  /** "must …" */
  expected: string;
}

const fields = new WeakMap<object, SettingField[]>();

/** Makes a field of a settings class a setting; `class-validator` decorators beside it say what is valid. */
export function Setting(options: SettingOptions) {
  return (prototype: object, field: string): void => {
    const type: unknown = Reflect.getMetadata('design:type', prototype, field);
    const known = fields.get(prototype.constructor) ?? [];
    fields.set(prototype.constructor, [...known, { parse: parserOf(type), ...options, field }]);
  };
}

/** The settings of a class in the order they are written, those of the class it extends first. */
export function settingsOf(Class: SettingsClass): SettingField[] {
  const parent = Object.getPrototypeOf(Class) as SettingsClass | null;
  return [...(parent ? settingsOf(parent) : []), ...(fields.get(Class) ?? [])];
}

/** What is not of the form stays as written, for the validators to name. */
function parserOf(type: unknown): SettingField['parse'] {
  if (type === Number) return (written) => (/^-?\d{1,15}$/.test(String(written)) ? Number(written) : written);
  if (type === Boolean) return (written) => ({ true: true, false: false })[String(written)] ?? written;
  if (type === Array) return (written) => (typeof written === 'string' ? list(written) : written);
  return (written) => written;
}

const list = (written: string): string[] =>
  written
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
