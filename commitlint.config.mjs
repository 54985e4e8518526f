/** The scopes are the projects of the house, plus what is not in one. */
const scopes = [
  'contracts',
  'bus',
  'runtime',
  'database',
  'testing',
  'gateway',
  'token',
  'directory',
  'key-manager',
  'catalog',
  'portal',
  'standalone',
  'cli',
  'e2e',
  'bench',
  'deploy',
  'ci',
  'docs',
  'deps',
  'house',
];

export default {
  extends: ['@commitlint/config-conventional'],
  rules: {
    'scope-enum': [2, 'always', scopes],
    'subject-case': [0],
    'header-max-length': [2, 'always', 120],
    'body-max-line-length': [0],
    'footer-max-line-length': [0],
  },
};
