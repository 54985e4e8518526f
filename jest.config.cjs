const { readFileSync } = require('node:fs');

const { $schema, ...swc } = JSON.parse(readFileSync(`${__dirname}/.swcrc`, 'utf8'));
const { BASE_URL, KEYWARD_TARGET = 'standalone' } = process.env;
/**
 * `e2e/standalone` is about `npm start` itself, and what pages look like, `e2e/processes` about several instances, and `e2e/faults` a
 * tier of its own; the rest holds for every deployment.
 */
const otherTargets = ['standalone', 'processes', 'faults'].filter((name) => BASE_URL || name !== KEYWARD_TARGET);
const base = {
  rootDir: __dirname,
  testEnvironment: '<rootDir>/libs/testing/src/jest/environment.cjs',
  runtime: '<rootDir>/libs/testing/src/jest/runtime.cjs',
  modulePathIgnorePatterns: ['<rootDir>/(apps|libs)/[^/]+/dist', '<rootDir>/.nx'],
  transform: {
    // What a spec imports of a library is loaded when it is first used: one that only speaks HTTP never loads the database's.
    '^.+\\.ts$': ['@swc/jest', { ...swc, module: { ...swc.module, lazy: true }, swcrc: false }],
  },
  testEnvironmentOptions: { customExportConditions: ['keyward-source', 'require', 'node', 'default'] },
};

/**
 * Four tiers: `fast` starts no child process; `services` runs a service against real PostgreSQL and NATS; `e2e` speaks
 * HTTP to a deployment (standalone, processes, or BASE_URL); `faults` kills processes of one.
 */
module.exports = {
  // Some start a whole deployment three times, or install a browser first.
  testTimeout: 180_000,
  projects: [
    {
      ...base,
      displayName: 'fast',
      testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.spec.ts'],
      testPathIgnorePatterns: ['\\.service\\.spec\\.ts$'],
    },
    {
      ...base,
      displayName: 'services',
      testMatch: ['<rootDir>/{apps,libs}/*/src/**/*.service.spec.ts'],
      globalSetup: '<rootDir>/libs/testing/src/jest/services-setup.ts',
      globalTeardown: '<rootDir>/libs/testing/src/jest/services-teardown.ts',
    },
    {
      ...base,
      displayName: 'e2e',
      testMatch: ['<rootDir>/apps/standalone/e2e/**/*.spec.ts'],
      testPathIgnorePatterns: otherTargets.map((name) => `/e2e/${name}/`),
      globalSetup: '<rootDir>/libs/testing/src/jest/e2e-setup.ts',
      globalTeardown: '<rootDir>/libs/testing/src/jest/e2e-teardown.ts',
    },
    { ...base, displayName: 'faults', testMatch: ['<rootDir>/apps/standalone/e2e/faults/**/*.spec.ts'] },
  ],
};
