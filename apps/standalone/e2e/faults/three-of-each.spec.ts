import { CHEAP_HASHES, startProcesses, type Processes } from '@keyward/testing';
import { DEGRADED_LIMIT_S } from './cut-off.tests';
import { quotas } from './quotas.tests';
import { races, SERVICES } from './races.tests';
import { revocation } from './revocation.tests';

/** One deployment for all of it, as fifteen processes take their time to start. */
let processes: Processes;
beforeAll(async () => {
  const verbose = Object.fromEntries(SERVICES.map((name) => [name, { LOG_LEVEL: 'trace' }]));
  const gateway = { ...verbose['gateway'], DEGRADED_LIMIT: String(DEGRADED_LIMIT_S) };
  const directory = { ...verbose['directory'], ...CHEAP_HASHES };
  processes = await startProcesses({ instances: 3, linked: true, env: { ...verbose, gateway, directory } });
  // What the modules of the suite speak to, from when they are loaded.
  process.env['KEYWARD_DEPLOYMENT'] = JSON.stringify(processes.access);
});
afterAll(() => processes.stop());

const started = () => processes;
races(started);
quotas(started);
revocation(started);
