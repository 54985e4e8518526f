import { entryOf, temporaryDirectory } from '@keyward/testing';
import { spawn } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const PROCESSES = 4;
const HOMES = 100;
/** How long the processes may take to be there, and how often they meet, milliseconds. */
const FIRST_MS = 3000;
const EVERY_MS = 10;

/** Takes each home at its moment, as all the others do, and prints which it got. */
const TAKER = `
  const { lock } = require(process.argv[1]);
  for (let home = 0; home < ${HOMES}; home++) {
    const moment = Number(process.argv[3]) + home * ${EVERY_MS};
    while (Date.now() < moment);
    try { lock(process.argv[2] + '/' + home); console.log(home); }
    catch (error) { if (error.name !== 'StartError') throw error; }
  }
  setTimeout(() => {}, 1000); // Who is gone holds nothing.
`;

it('a lock that was left is taken over by one of those that come at once', async () => {
  const directory = await temporaryDirectory();
  const homes = Array.from({ length: HOMES }, (_, home) => join(directory, String(home)));
  for (const home of homes) {
    mkdirSync(home);
    writeFileSync(join(home, 'lock'), '{"pid":4194305,"started":"x"}');
  }
  const args = ['-e', TAKER, entryOf('standalone', 'lock.js'), directory, String(Date.now() + FIRST_MS)];
  const takers = Array.from({ length: PROCESSES }, () =>
    spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] }),
  );
  const said = await Promise.all(takers.map(({ stdout }) => text(stdout)));
  const taken = said.flatMap((lines) => lines.split('\n').filter((line) => line !== ''));
  expect(taken.map(Number).sort((a, b) => a - b)).toEqual(homes.map((_, home) => home));
  expect(new Set(homes.flatMap((home) => readdirSync(home)))).toEqual(new Set(['lock']));
  rmSync(directory, { recursive: true });
});
