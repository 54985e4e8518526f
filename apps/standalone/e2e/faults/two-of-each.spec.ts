import { startProcesses, type Processes } from '@keyward/testing';
import { logoutNotices } from './logout-notices.tests';
import { lostAnswers } from './lost-answers.tests';
import { outages } from './outages.tests';

/** One deployment for all of it, as ten processes take their time to start. */
let processes: Processes;
beforeAll(async () => {
  // Passwords cost what they do: a directory that is killed is then hashing some.
  processes = await startProcesses({ instances: 2, env: { 'key-manager': { ADDRESS_FAILURES: '1000' } } });
  // What the modules of the suite speak to, from when they are loaded.
  process.env['KEYWARD_DEPLOYMENT'] = JSON.stringify(processes.access);
});
afterAll(() => processes.stop());

const started = () => processes;
logoutNotices(started, () => {
  outages(started);
  lostAnswers(started);
});
