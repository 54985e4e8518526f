import { LocalExchange, type Wire } from '@keyward/bus';
import { CATALOG_SCHEMA, startCatalog } from '@keyward/catalog';
import { serviceUrl } from '@keyward/database';
import { DIRECTORY_SCHEMA, startDirectory } from '@keyward/directory';
import { startGateway } from '@keyward/gateway';
import { KEY_MANAGER_SCHEMA, startKeyManager } from '@keyward/key-manager';
import { createLogger, type DatabaseSettings, type Running } from '@keyward/runtime';
import { startToken, TOKEN_SCHEMA } from '@keyward/token';
import { setTimeout as pause } from 'node:timers/promises';
import { type Configuration } from './configuration';
import { type DatabasePasswords } from './database';
import { StartError } from './start-error';
import { undoAll } from './undo';

/** How long a service may take to be ready on a busy machine, and how often it is asked, milliseconds. */
const READY_WITHIN_MS = 30_000;
const ASK_EVERY_MS = 20;

/**
 * Starts every service, each as its own Nest application with its own configuration and database role; what is between
 * them is an exchange instead of NATS. `close` stops them from the edge inwards.
 */
export async function startServices(
  configuration: Configuration,
  adminUrl: string,
  passwords: DatabasePasswords,
): Promise<Running> {
  const exchange = new LocalExchange();
  const { process: settings, bus } = configuration.gateway;
  const undo: (() => Promise<void>)[] = [];
  const close = () => undoAll(undo);
  const started = async (
    name: string,
    start: (wire: Wire, logger: ReturnType<typeof createLogger>) => Promise<Running>,
  ) => {
    const wire = exchange.wire({ maxInFlight: bus.maxInFlight });
    const stream = { write: (line: string) => process.stderr.write(line) };
    const running = await start(wire, createLogger(name, { level: settings.logLevel, stream }));
    undo.push(async () => {
      await running.close();
      await wire.close();
    });
    await untilReady(name, running);
  };
  const withDatabase = <C extends { database: DatabaseSettings }>(config: C, schema: string, password: string): C => ({
    ...config,
    database: Object.assign(config.database, { url: serviceUrl(adminUrl, { schema, password }) }),
  });
  const directory = withDatabase(configuration.directory, DIRECTORY_SCHEMA.schema, passwords.directory);
  const keyManager = withDatabase(configuration.keyManager, KEY_MANAGER_SCHEMA.schema, passwords.keyManager);
  const catalog = withDatabase(configuration.catalog, CATALOG_SCHEMA.schema, passwords.catalog);
  const token = withDatabase(configuration.token, TOKEN_SCHEMA.schema, passwords.token);
  try {
    await Promise.all([
      started('directory', (wire, logger) => startDirectory(directory, wire, logger)),
      started('key-manager', (wire, logger) => startKeyManager(keyManager, wire, logger)),
      started('catalog', (wire, logger) => startCatalog(catalog, wire, logger)),
    ]);
    await started('token', (wire, logger) => startToken(token, wire, logger));
    await started('gateway', (wire, logger) => startGateway(configuration.gateway, wire, logger));
    return { close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** A service has started before it knows the organizations; whoever is told that all has started asks it at once. */
async function untilReady(name: string, running: Running): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  for (;;) {
    const { status, checks } = (await running.ready?.()) ?? { status: 'ready', checks: {} };
    if (status !== 'not ready') return;
    if (Date.now() > deadline) throw new StartError(`The ${name} is not ready: ${JSON.stringify(checks)}`);
    await pause(ASK_EVERY_MS);
  }
}
