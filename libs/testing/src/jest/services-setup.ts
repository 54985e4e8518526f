import { natsServer } from '../nats';
import { startPostgres } from '../postgres';

declare global {
  /** How the teardown stops what the setup has started. */
  var stopServices: (() => Promise<void>) | undefined;
}

/** One PostgreSQL for the run, in which specs make databases of their own, and a nats-server, which they start for themselves. */
export default async function startServices(): Promise<void> {
  natsServer(); // It is installed now where it has to be: not by several specs at once.
  const postgres = await startPostgres();
  globalThis.stopServices = () => postgres.stop();
  stopWhenInterrupted();
  process.env.TEST_POSTGRES_URL = postgres.adminUrl;
}

/** Jest has no teardown for a run that is interrupted, and Ctrl-C does not reach PostgreSQL. */
function stopWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void globalThis.stopServices?.().finally(() => process.kill(process.pid, signal)));
}
