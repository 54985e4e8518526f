// `npm test`: everything, stage after stage, and a count at the end. A stage's name as argument runs that one alone.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';

/**
 * The end-to-end suite runs against one process, then against separate ones over NATS. Specs that share a deployment or none
 * wait as often as they compute, so there are more of them at once than cores; each spec of `faults` has processes of its own,
 * many, and so runs alone.
 */
const everyCore = ['--maxWorkers', String(Math.ceil(availableParallelism() * 1.5))];
const stages = {
  fast: { project: 'fast', args: everyCore },
  services: { project: 'services', args: everyCore },
  standalone: { project: 'e2e', args: everyCore, env: { KEYWARD_TARGET: 'standalone' } },
  processes: { project: 'e2e', args: everyCore, env: { KEYWARD_TARGET: 'processes' } },
  faults: { project: 'faults', args: ['--runInBand'] },
};

const asked = process.argv.slice(2);
const unknown = asked.filter((name) => !(name in stages));
if (unknown.length) {
  console.error(`no stage is named ${unknown.join(', ')}; there are ${Object.keys(stages).join(', ')}`);
  process.exit(2);
}

const scratch = mkdtempSync(join(tmpdir(), 'keyward-test-'));
const total = { passed: 0, failed: 0 };
for (const name of asked.length ? asked : Object.keys(stages)) {
  const { project, env, args = [] } = stages[name];
  const outputFile = join(scratch, `${name}.json`);
  console.log(`\n==> ${name}`);
  const started = performance.now();
  const command = ['jest', '--selectProjects', project, ...args, '--json', '--outputFile', outputFile];
  const { status } = spawnSync('npx', command, {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env },
  });
  const { passed, failed } = count(outputFile);
  total.passed += passed;
  total.failed += status === 0 ? failed : Math.max(failed, 1);
  const seconds = Math.round((performance.now() - started) / 1000);
  console.log(`${name}: ${passed} tests passed, ${failed} failed, ${seconds} s`);
}
rmSync(scratch, { recursive: true });
console.log(`\n${total.passed} passed, ${total.failed} failed`);
process.exitCode = total.failed ? 1 : 0;

function count(file) {
  try {
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = JSON.parse(readFileSync(file, 'utf8'));
    return { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
  } catch {
    return { passed: 0, failed: 1 }; // it ended before it could say
  }
}
