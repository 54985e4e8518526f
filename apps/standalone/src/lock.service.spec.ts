import { entryOf, temporaryDirectory } from '@keyward/testing';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const PROCESSES = 4;
const HOMES = 100;
/** How often the processes meet, milliseconds, and when first, after the last of them is there. */
const EVERY_MS = 10;
const FIRST_MS = 200;

/**
 * Told a moment, takes the first home then and the others after it, as all do, and prints which it got. Stays until its input
 * ends, as who is gone holds nothing.
 */
const TAKER = `
  const { lock } = require(process.argv[1]);
  process.stdin.on('data', (first) => {
    for (let home = 0; home < ${HOMES}; home++) {
      const moment = Number(first) + home * ${EVERY_MS};
      while (Date.now() < moment);
      try { lock(process.argv[2] + '/' + home); console.log(home); }
      catch (error) { if (error.name !== 'StartError') throw error; }
    }
    console.log('done');
  });
  console.log('ready');
`;

async function untilDone(lines: AsyncIterator<string>): Promise<string[]> {
  const got: string[] = [];
  for (let line = await lines.next(); line.value !== 'done'; line = await lines.next()) {
    if (line.done) throw new Error('it ended early');
    got.push(line.value);
  }
  return got;
}

it('a lock that was left is taken over by one of those that come at once', async () => {
  const directory = await temporaryDirectory();
  const homes = Array.from({ length: HOMES }, (_, home) => join(directory, String(home)));
  for (const home of homes) {
    mkdirSync(home);
    writeFileSync(join(home, 'lock'), '{"pid":4194305,"started":"x"}');
  }
  const args = ['-e', TAKER, entryOf('standalone', 'lock.js'), directory];
  const takers = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] }),
  );
  const lines = takers.map(({ stdout }) => createInterface(stdout)[Symbol.asyncIterator]());
  for (const each of lines) expect((await each.next()).value).toBe('ready');
  for (const { stdin } of takers) stdin.write(String(Date.now() + FIRST_MS));
  const taken = (await Promise.all(lines.map(untilDone))).flat();
  for (const { stdin } of takers) stdin.end();
  expect(taken.map(Number).sort((a, b) => a - b)).toEqual(homes.map((_, home) => home));
  expect(new Set(homes.flatMap((home) => readdirSync(home)))).toEqual(new Set(['lock']));
  rmSync(directory, { recursive: true });
});
