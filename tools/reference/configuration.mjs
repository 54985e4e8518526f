import { ALL_SETTINGS, settingsOf } from '../../libs/runtime/dist/index.js';
import { code, page, table } from './page.mjs';
import { validated } from './validated.mjs';

const LIMITS = { min: 'at least', max: 'at most', minLength: 'at least', maxLength: 'at most' };

/** `at least 0, at most 50000`, in the unit of the description. */
function limits(Class, field) {
  const rules = (validated(Class).get(field) ?? []).map((rule) => rule.split(' '));
  const known = rules.filter(([name]) => name in LIMITS);
  return known
    .map(([name, value]) => `${LIMITS[name]} ${value}${name.endsWith('Length') ? ' characters' : ''}`)
    .join(', ');
}

function byDefault(Class, { field, default: computed }) {
  if (computed) return computed.text;
  const value = new Class()[field];
  if (value === undefined) return validated(Class).get(field)?.includes('isOptional') ? 'none' : 'required';
  return Array.isArray(value) ? 'none' : code(value);
}

const section = ([title, Class]) => [
  `## ${title}`,
  table(
    ['Variable', 'deployment.toml', 'Default', 'What it is', 'Limits'],
    settingsOf(Class).map((setting) => [
      [code(setting.env), setting.secret && `(or ${code(`${setting.env}_FILE`)})`].filter(Boolean).join(' '),
      code(setting.toml),
      byDefault(Class, setting),
      setting.description,
      limits(Class, setting.field),
    ]),
  ),
];

page('configuration', 'configuration.mjs', [
  '# Configuration',
  'Every setting is an environment variable; those that API Manager has too may be in a `deployment.toml` instead, under its ' +
    'names. The file is `./deployment.toml` or the one that `DEPLOYMENT_TOML` names, and the environment wins over it. ' +
    'Keys of API Manager that Keyward does not use are a warning; any other key, and every value that is not valid, is ' +
    'named at start, all at once, and nothing starts. A variable that is empty counts as not set.',
  'Lifetimes are seconds, or a number with the unit `s`, `m`, `h` or `d`. A secret may be in a file instead, ' +
    'named by its variable with `_FILE` at the end. With `NODE_ENV=production`, plain links to other hosts, ' +
    'missing certificates, known default secrets and password hashes that are too cheap are refused.',
  ...Object.entries(ALL_SETTINGS).flatMap(section),
]);
