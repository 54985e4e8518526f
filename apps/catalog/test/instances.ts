import 'reflect-metadata';
import { Bus, openWire, startCall, type Call, type Wire } from '@keyward/bus';
import { createLogger, loadConfig, type Running } from '@keyward/runtime';
import { createTestDatabase, startNats, type TestDatabase } from '@keyward/testing';
import { CATALOG_SETTINGS } from '../src/config';
import { CATALOG_SCHEMA } from '../src/data-source';
import { startCatalog } from '../src/start';

/** Instances of the catalog over a NATS server of a spec's own, and a bus that asks them. */
export interface Instances {
  bus: Bus;
  database: TestDatabase;
  /** Starts one more. */
  start(): Promise<Running>;
  close(): Promise<void>;
}

/** Starts the first instance on a database of its own. */
export async function startInstances(): Promise<Instances> {
  const database = await createTestDatabase([CATALOG_SCHEMA]);
  const nats = await startNats();
  const undo: (() => unknown)[] = [() => nats.stop(), () => database.drop()];
  const connect = async (name: string): Promise<Wire> => {
    const wire = await openWire({ url: nats.url, name });
    undo.push(() => wire.close());
    return wire;
  };
  const start = async () => {
    const config = loadConfig(CATALOG_SETTINGS, { env: { DATABASE_URL: database.url('catalog') } });
    const instance = await startCatalog(config, await connect('catalog'), createLogger('catalog', { level: 'error' }));
    undo.push(() => instance.close());
    return instance;
  };
  const close = async () => {
    for (const step of undo.splice(0).reverse()) await step();
  };
  await start();
  return { bus: new Bus(await connect('spec')), database, start, close };
}

/** A call with time enough for a slow machine. */
export const call = (): Call => startCall(20_000);

/** The error's code and description, or `undefined` when it went well. */
export const refusalOf = (asked: Promise<unknown>): Promise<[code: string, description?: string] | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => {
      const { code, description } = error as { code: string; description?: string };
      return [code, description];
    },
  );
