import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Who may import whom. Who may call whom is held by NATS (nats.conf). */
const boundaries = [
  {
    sourceTag: 'type:contracts',
    onlyDependOnLibsWithTags: ['type:contracts'],
    bannedExternalImports: ['@nestjs/*', 'typeorm', 'pg', 'nats', 'rxjs', 'fastify'],
  },
  { sourceTag: 'type:library', onlyDependOnLibsWithTags: ['type:contracts', 'type:library'] },
  { sourceTag: 'type:testing', onlyDependOnLibsWithTags: ['type:contracts', 'type:library'] },
  { sourceTag: 'type:service', onlyDependOnLibsWithTags: ['type:contracts', 'type:library'] },
  { sourceTag: 'type:cli', onlyDependOnLibsWithTags: ['type:contracts', 'type:library'] },
  {
    sourceTag: 'type:standalone',
    onlyDependOnLibsWithTags: ['type:contracts', 'type:library', 'type:service', 'type:cli'],
  },
];
/** Specs, and they alone, may also import the testing library. */
const forSpecs = boundaries.map((rule) => ({
  ...rule,
  onlyDependOnLibsWithTags: [...rule.onlyDependOnLibsWithTags, 'type:testing'],
  bannedExternalImports: undefined,
}));

/** The testing library stands on these; their specs, which nothing imports, use it. */
const testedByTesting = ['bus', 'runtime', 'database'].map((name) => [`@keyward/${name}`, '@keyward/testing']);
const enforce = (depConstraints, ignoredCircularDependencies = []) => ({
  '@nx/enforce-module-boundaries': ['error', { depConstraints, ignoredCircularDependencies }],
});

export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', 'tools/boundary-fixture/**'] },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.strictTypeChecked],
    plugins: { '@nx': nx },
    languageOptions: { parserOptions: { projectService: true } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      ...enforce(boundaries),
      '@typescript-eslint/no-unnecessary-type-parameters': 'off', // A message's class is generic in what it carries.
      '@typescript-eslint/no-extraneous-class': 'off', // Nest modules and empty messages are classes without members.
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/no-unnecessary-condition': 'off', // What comes off the wire or out of a row is not always as typed.
      '@typescript-eslint/no-misused-spread': 'off', // Messages are data: spreading one copies all there is.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // A message is written as a literal where it is sent.
      '@typescript-eslint/no-non-null-assertion': 'error',
    },
  },
  {
    files: ['**/*.spec.ts', '**/e2e/**/*.ts', 'apps/*/test/**/*.ts'],
    rules: {
      ...enforce(forSpecs, testedByTesting),
      '@typescript-eslint/require-await': 'off', // A handler of a message is async by its type.
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off', // Parsed JSON bodies are what these tests look into.
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
