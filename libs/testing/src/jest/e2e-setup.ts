import { readFileSync } from 'node:fs';
import type { Access, Demo } from '../deployment';
import { startProcesses } from '../processes';
import { CHEAP_HASHES, startStandalone } from '../standalone';

declare global {
  /** How the teardown stops what the setup has started. */
  var stopDeployment: (() => Promise<void>) | undefined;
}

/**
 * The suite fails to authenticate clients more often than one address may by default; a deployment at BASE_URL needs as
 * much. The limit itself is tested at one of its own.
 */
const ADDRESS_FAILURES = '1000000';
/** What is never logged is not logged then either. */
const LOG_LEVEL = 'trace';
/** RS256 key pairs made ahead, as deployments have them. */
const SIGNING_KEY_STOCK = '2';

/** Starts what KEYWARD_TARGET says, or takes the deployment at BASE_URL; specs find it by `deployment()`. */
export default async function startDeployment(): Promise<void> {
  process.env['KEYWARD_DEPLOYMENT'] = JSON.stringify(await open());
}

async function open(): Promise<Access> {
  const { BASE_URL, KEYWARD_TARGET = 'standalone' } = process.env;
  if (BASE_URL) return existing(BASE_URL);
  if (KEYWARD_TARGET !== 'standalone' && KEYWARD_TARGET !== 'processes')
    throw new Error(`KEYWARD_TARGET is ${KEYWARD_TARGET}: must be standalone or processes`);
  const { access, stop } = await (KEYWARD_TARGET === 'standalone'
    ? startStandalone({ ADDRESS_FAILURES, LOG_LEVEL, SIGNING_KEY_STOCK, ...CHEAP_HASHES })
    : startProcesses({
        env: {
          directory: { LOG_LEVEL, ...CHEAP_HASHES },
          'key-manager': { ADDRESS_FAILURES, LOG_LEVEL, SIGNING_KEY_STOCK },
          token: { LOG_LEVEL },
          gateway: { LOG_LEVEL },
        },
      }));
  globalThis.stopDeployment = stop;
  return access;
}

function existing(baseUrl: string): Access {
  const { KEYWARD_DEMO_JSON, KEYWARD_CA_FILE, KEYWARD_TEST_HOST, KEYWARD_TEST_CERT_FILE, KEYWARD_TEST_KEY_FILE } =
    process.env;
  if (!KEYWARD_DEMO_JSON)
    throw new Error('With BASE_URL, KEYWARD_DEMO_JSON names a file of what `keyward demo` printed.');
  const demo = JSON.parse(readFileSync(KEYWARD_DEMO_JSON, 'utf8')) as Demo;
  const trusted =
    KEYWARD_TEST_CERT_FILE && KEYWARD_TEST_KEY_FILE
      ? { certFile: KEYWARD_TEST_CERT_FILE, keyFile: KEYWARD_TEST_KEY_FILE }
      : undefined;
  const { origin } = new URL(baseUrl);
  return { target: 'remote', baseUrl: origin, caFile: KEYWARD_CA_FILE, host: KEYWARD_TEST_HOST, trusted, demo };
}
