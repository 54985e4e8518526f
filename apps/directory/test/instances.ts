import 'reflect-metadata';
import { Bus, openWire, startCall, type Call, type Wire } from '@keyward/bus';
import { createOrganization, createUser, type CreateUser, type Organization, type User } from '@keyward/contracts';
import { createLogger, loadConfig, type HashingSettings, type Running } from '@keyward/runtime';
import { startNats } from '@keyward/testing';
import { DIRECTORY_SETTINGS } from '../src/config';
import { startDirectory } from '../src/start';

/** Instances of the directory, and a bus that asks them, over a NATS server of their own: on another's, other specs' would answer. */
export interface Instances {
  bus: Bus;
  /** Starts one more; `env` are its settings. */
  start(env?: Record<string, string>): Promise<Running>;
  close(): Promise<void>;
}

export const ADMIN_PASSWORD = 'correct horse battery staple';
/** A user's right password, unless a test says otherwise. */
export const PASSWORD = 'a fine long password';

const SETTINGS = { KEYWARD_ADMIN_PASSWORD: ADMIN_PASSWORD, HASHING_CONCURRENCY: '2' };

/** Less than an operator may choose, for what tries hundreds of passwords and is not about their hashes. */
export const CHEAP: Partial<HashingSettings> = { memory: 4096, iterations: 1 };

/** Starts the first instance on this database. */
export async function startInstances(
  databaseUrl: string,
  env: Record<string, string> = {},
  hashing: Partial<HashingSettings> = {},
): Promise<Instances> {
  const nats = await startNats();
  const wires: Wire[] = [];
  const connect = async (name: string): Promise<Wire> => {
    const wire = await openWire({ url: nats.url, name });
    wires.push(wire);
    return wire;
  };
  const running: Running[] = [];
  const start = async (more: Record<string, string> = {}) => {
    const config = loadConfig(DIRECTORY_SETTINGS, { env: { DATABASE_URL: databaseUrl, ...SETTINGS, ...env, ...more } });
    Object.assign(config.hashing, hashing);
    const instance = await startDirectory(
      config,
      await connect('directory'),
      createLogger('directory', { level: 'error' }),
    );
    running.push(instance);
    return instance;
  };
  const close = async () => {
    await Promise.all(running.map((instance) => instance.close()));
    await Promise.all(wires.map((wire) => wire.close()));
    await nats.stop();
  };
  await start();
  return { bus: new Bus(await connect('spec')), start, close };
}

/** A call with time enough for a slow machine. */
export const call = (): Call => startCall(20_000);

let made = 0;

/** An organization of the test's own. */
export const anOrganization = (bus: Bus, key = `org-${++made}`): Promise<Organization> =>
  bus.call(createOrganization, { key }, call());

/** A user of the test's own, with PASSWORD. */
export async function aUser(bus: Bus, organizationId: string, user: Partial<CreateUser> = {}): Promise<User> {
  const request = { organizationId, username: `user-${++made}`, password: PASSWORD, ...user };
  return (await bus.call(createUser, request, call())).user;
}

/** The error's code, or `undefined` when it went well. */
export const codeOf = (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  );
