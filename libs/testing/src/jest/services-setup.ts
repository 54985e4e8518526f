import { startNats } from '../nats';
import { startPostgres } from '../postgres';

declare global {
  /** How the teardown stops what the setup has started. */
  var stopServices: (() => Promise<void>) | undefined;
}

/** One PostgreSQL and one NATS server for the run; specs make databases of their own. */
export default async function startServices(): Promise<void> {
  const postgres = await startPostgres();
  globalThis.stopServices = () => postgres.stop();
  stopWhenInterrupted();
  try {
    const nats = await startNats();
    globalThis.stopServices = async () => {
      await Promise.all([postgres.stop(), nats.stop()]);
    };
    process.env.TEST_POSTGRES_URL = postgres.adminUrl;
    process.env.TEST_NATS_URL = nats.url;
  } catch (error) {
    await postgres.stop();
    throw error;
  }
}

/** Jest has no teardown for a run that is interrupted, and Ctrl-C does not reach PostgreSQL. */
function stopWhenInterrupted(): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    process.once(signal, () => void globalThis.stopServices?.().finally(() => process.kill(process.pid, signal)));
}
