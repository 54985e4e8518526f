// Which test shows which numbered statement, read from the titles of the tests. `--check` fails when the page names a test that is
// not there any more, or a title a number that no statement has; a test that is newer than the page is no mistake.
import { readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { basename } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { page, table } from './page.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = (file) => JSON.parse(readFileSync(new URL(file, import.meta.url), 'utf8'));
const statements = json('./statements.json');
const leftOut = json('./left-out.json');
const NUMBER = /\b(?:[A-Z]{2}|[CX])-\d{2}\b/g;

/** Number to the specs, and the tests that share one, that have it in a title, and how often. */
function testsByNumber() {
  const files = execFileSync('git', ['ls-files', '-co', '--exclude-standard', '--', 'apps', 'libs'], { cwd: root });
  const found = new Map();
  for (const file of files
    .toString()
    .split('\n')
    .filter((name) => /\.(spec|tests)\.tsx?$/.test(name))
    .sort())
    for (const title of titlesIn(readFileSync(`${root}/${file}`, 'utf8')))
      for (const number of new Set(title.match(NUMBER) ?? [])) {
        const its = found.get(number) ?? new Map();
        found.set(number, its.set(file, (its.get(file) ?? 0) + 1));
      }
  return found;
}

/** What `it`, `test` and `describe` are called with, `it.each(…)(…)` among them. */
function titlesIn(code) {
  const titles = [];
  const visit = (node) => {
    const [first] = ts.isCallExpression(node) ? node.arguments : [];
    if (first && ts.isStringLiteralLike(first) && /^(it|test|describe)\b/.test(node.expression.getText()))
      titles.push(first.text);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('spec.ts', code, ts.ScriptTarget.Latest, true));
  return titles;
}

const tests = testsByNumber();
const reasonFor = (number) => leftOut[number] ?? leftOut[number.replace(/\d+$/, '')];
/** Of what tests show, `left-out.json` says which part they do not. */
const remark = (number) =>
  tests.has(number)
    ? leftOut[number] && `— but ${leftOut[number]}`
    : `— ${reasonFor(number) ?? 'no test of this number yet'}`;
const shownBy = (number) =>
  [...(tests.get(number) ?? [])]
    .map(
      ([file, count]) =>
        `[${basename(file).replace(/(\.service)?\.(spec|tests)\.tsx?$/, '')}](../../${file})${count > 1 ? ` ×${count}` : ''}`,
    )
    .join(', ');

const section = ([name, its]) => [
  `## ${name}`,
  table(
    ['Number', '', 'Requirement', 'Tests'],
    Object.entries(its).map(([number, text]) => {
      const [, level = '', requirement] = /^([MSP] )?(.*)$/s.exec(text);
      return [number, level.trim(), requirement, [shownBy(number), remark(number)].filter(Boolean).join(' ')];
    }),
  ),
];

const numbers = Object.values(statements).flatMap((its) => Object.keys(its));
const shown = numbers.filter((number) => tests.has(number)).length;
const text = [
  '# Conformance',
  'What the standards ask for and this product promises, by number, and the tests that show it: their titles begin with the ' +
    'number. **M** is a MUST of the specification, **S** a SHOULD, **P** a policy of the product where the specification leaves ' +
    `the choice. ${shown} of ${numbers.length} statements have tests; what is left out is said after a dash.`,
  ...Object.entries(statements).flatMap(section),
];

if (!process.argv.includes('--check')) page('conformance', 'conformance.mjs', text);
else {
  const written = readFileSync(`${root}/docs/reference/conformance.md`, 'utf8');
  for (const row of written.split('\n')) {
    const [, number] = /^\| ((?:[A-Z]{2}|[CX])-\d{2}) /.exec(row) ?? [];
    for (const [, file] of row.matchAll(/\]\(\.\.\/\.\.\/([^)]+)\)/g))
      if (!tests.get(number)?.has(file))
        fail(`docs/reference/conformance.md says that ${file} shows ${number}: it does not`);
  }
  for (const number of tests.keys())
    if (!numbers.includes(number)) fail(`a test is called ${number}, which is no statement`);
}

function fail(message) {
  console.error(`${message} (node tools/reference/conformance.mjs)`);
  process.exitCode = 1;
}
