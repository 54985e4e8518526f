// Shows that the import rules refuse what they should: a lint rule that is skipped would exit 0 and prove nothing.
import devkit from '@nx/devkit';
import { ESLint } from 'eslint';

const RULE = '@nx/enforce-module-boundaries';
/** An import at the top of an existing file of a project, and whether it must be refused. */
const cases = [
  { file: 'libs/contracts/src/index.ts', from: '@keyward/bus', refused: true },
  { file: 'libs/contracts/src/index.ts', from: '@nestjs/common', refused: true },
  { file: 'libs/bus/src/index.ts', from: '@keyward/token', refused: true },
  { file: 'libs/bus/src/index.ts', from: '@keyward/testing', refused: true },
  { file: 'libs/bus/src/index.ts', from: '@keyward/contracts', refused: false },
  { file: 'apps/token/src/index.ts', from: '@keyward/directory', refused: true },
  { file: 'apps/token/src/index.ts', from: '../../directory/src/index', refused: true },
  { file: 'apps/token/src/index.ts', from: '@keyward/testing', refused: true },
  { file: 'apps/token/src/index.ts', from: '@keyward/database', refused: false },
  { file: 'apps/cli/src/index.ts', from: '@keyward/gateway', refused: true },
  { file: 'apps/standalone/src/index.ts', from: '@keyward/directory', refused: false },
];

await devkit.createProjectGraphAsync(); // without it the rule only warns and passes everything
const eslint = new ESLint();
const wrong = [];
for (const { file, from, refused } of cases) {
  const [{ messages }] = await eslint.lintText(`import * as other from '${from}';\nexport { other };\n`, {
    filePath: file,
  });
  const found = messages.some(({ ruleId }) => ruleId === RULE);
  if (found !== refused) wrong.push(`${file} importing ${from} must ${refused ? '' : 'not '}be refused`);
}
for (const line of wrong) console.error(line);
console.log(`import boundaries: ${cases.length - wrong.length} of ${cases.length} cases as they should be`);
process.exitCode = wrong.length ? 1 : 0;
