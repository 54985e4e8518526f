import { validateSync } from 'class-validator';
import { ConfigError } from './config-error';
import { checkKeys } from './deployment-toml/check-keys';
import { redactText } from './redact';
import { settingsOf, type Checked, type SettingField, type SettingsClass } from './setting';
import { find, type Sources, type Written } from './sources';

/** An object of settings for each class. */
export type Config<C extends Record<string, SettingsClass>> = { readonly [K in keyof C]: InstanceType<C[K]> };

/**
 * Reads and validates the settings of these classes: `loadConfig({ bus: BusSettings }, sources).bus.url`.
 * Throws a ConfigError with every mistake of all of them and of the file.
 */
export function loadConfig<C extends Record<string, SettingsClass>>(classes: C, sources: Sources): Config<C> {
  const mistakes = sources.toml ? checkKeys(sources.toml, sources.warn) : [];
  const config = Object.entries(classes).map(([name, Class]) => {
    const { settings, mistakes: its } = load(Class, sources);
    mistakes.push(...its);
    return [name, settings] as const;
  });
  if (mistakes.length > 0) throw new ConfigError([...new Set(mistakes)]);
  return Object.fromEntries(config) as Config<C>;
}

function load(Class: SettingsClass, sources: Sources): { settings: object; mistakes: string[] } {
  const production = sources.env.NODE_ENV === 'production';
  const settings = new Class() as Record<string, unknown>;
  const found = new Map<string, Written>();
  const mistakes = new Map<string, string>();
  const refuse = (name: string, expected: string) => {
    const setting = settingsOf(Class).find(({ field }) => field === name);
    if (setting && !mistakes.has(name)) mistakes.set(name, describe(setting, found.get(name), expected));
  };

  for (const setting of settingsOf(Class))
    try {
      const written = find(setting, sources);
      if (written) found.set(setting.field, written);
      if (written) settings[setting.field] = setting.parse(written.value);
      else if (setting.default) settings[setting.field] = setting.default.value(settings as never, production);
    } catch (error) {
      refuse(setting.field, (error as Error).message);
    }
  for (const { property, constraints } of validateSync(settings))
    refuse(
      property,
      Object.values(constraints ?? {})
        .join(', ')
        .replaceAll(`${property} `, ''),
    );
  if (mistakes.size === 0 && 'problems' in settings)
    for (const { field, expected } of (settings as unknown as Checked).problems(production)) refuse(field, expected);
  return { settings, mistakes: [...mistakes.values()] };
}

/** Names the setting where it was written, shows what was found unless it is secret, and says what is expected. */
function describe({ env, toml, secret }: SettingField, found: Written | undefined, expected: string): string {
  if (!found) return `${toml ? `${env} (${toml} in deployment.toml)` : env} is missing: ${expected}`;
  const value = secret ? 'not accepted' : redactText(JSON.stringify(found.value));
  return `${found.from} is ${value}: ${expected}`;
}
