import 'reflect-metadata';
import { randomBytes, randomUUID } from 'node:crypto';
import { Bus, openWire, startCall, type Call, type Wire } from '@keyward/bus';
import {
  authenticateClient,
  createApplication,
  generateKey,
  type AuthenticateClient,
  type Client,
  type GeneratedKey,
  type GenerateKey,
} from '@keyward/contracts';
import { createLogger, loadConfig, type Running } from '@keyward/runtime';
import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { Clock } from '../src/clock';
import { KEY_MANAGER_SETTINGS } from '../src/config';
import { KEY_MANAGER_SCHEMA } from '../src/data-source';
import { startKeyManager } from '../src/start';

/** One of several instances, which a test can ask by itself. */
export interface Instance extends Running {
  bus: Bus;
}

/** Instances of the key manager on a database and a NATS server of a spec's own. */
export interface Instances {
  database: TestDatabase;
  clock: TestClock;
  /** Asks whichever instance answers. */
  bus: Bus;
  /** Starts one more; `env` are its settings. */
  start(env?: Record<string, string>): Promise<Instance>;
  close(): Promise<void>;
}

/** Starts none yet. */
export async function prepareInstances(): Promise<Instances> {
  const nats: Nats = await startNats();
  const database = await createTestDatabase([KEY_MANAGER_SCHEMA]);
  const clock = new TestClock();
  const wires: Wire[] = [];
  const running: Running[] = [];
  const connect = async (name: string): Promise<Wire> => {
    const wire = await openWire({ url: nats.url, name });
    wires.push(wire);
    return wire;
  };
  const settings = {
    DATABASE_URL: database.url('key_manager'),
    KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    KEYWARD_CLI_SECRET: randomBytes(24).toString('hex'),
    // Each instance would be making them beside what it is tested for.
    SIGNING_KEY_STOCK: '0',
  };
  return {
    database,
    clock,
    bus: new Bus(await connect('spec')),
    start: async (env = {}) => {
      const name = `instance-${running.length}`;
      const config = loadConfig(KEY_MANAGER_SETTINGS, { env: { ...settings, ...env } });
      const wire = new NamedWire(await connect('key-manager'), name);
      const logger = createLogger(name, { level: 'fatal' });
      const instance = await startKeyManager(config, wire, logger, new Clock(clock.now));
      running.push(instance);
      return { ...instance, bus: new Bus(new NamedWire(await connect('spec'), name)) };
    },
    close: async () => {
      await Promise.all(running.map((instance) => instance.close()));
      await Promise.all(wires.map((wire) => wire.close()));
      await database.drop();
      await nats.stop();
    },
  };
}

/** Answers for its queue group and under its own name as well, and asks under that name. */
class NamedWire implements Wire {
  constructor(
    private readonly wire: Wire,
    private readonly name: string,
  ) {}

  request: Wire['request'] = (subject, ...rest) =>
    this.wire.request(
      subject.includes('.position') || subject.includes('.since') ? subject : this.own(subject),
      ...rest,
    );
  respond: Wire['respond'] = (subject, queue, responder) => {
    this.wire.respond(subject, queue, responder);
    this.wire.respond(this.own(subject), queue, responder);
  };
  reachable: Wire['reachable'] = () => this.wire.reachable();
  publish: Wire['publish'] = (subject, payload) => this.wire.publish(subject, payload);
  subscribe: Wire['subscribe'] = (subject, listener) => this.wire.subscribe(subject, listener);
  onConnection: Wire['onConnection'] = (listener) => this.wire.onConnection(listener);
  drain: Wire['drain'] = () => this.wire.drain();
  close: Wire['close'] = () => this.wire.close();

  get connected(): boolean {
    return this.wire.connected;
  }

  private own(subject: string): string {
    return `${this.name}.${subject}`;
  }
}

/** A call with time enough for a slow machine. */
export const call = (): Call => startCall(20_000);

export const anOrganization = (): string => randomUUID();

let made = 0;

/** A consumer key of an application of its own. */
export async function aKey(
  bus: Bus,
  organizationId: string,
  asked: Partial<GenerateKey> = {},
): Promise<Required<GeneratedKey>> {
  const { id } = await bus.call(createApplication, { organizationId, name: `application-${++made}` }, call());
  const request: GenerateKey = { organizationId, application: id, kind: 'production', ...asked };
  const { key, consumerSecret = '' } = await bus.call(generateKey, request, call());
  return { key, consumerSecret };
}

/** An address of its own, so that the failures of one test are not those of another. */
export const anAddress = (): string => `198.51.${Math.floor(++made / 250) % 250}.${made % 250}`;

/** Authenticates as a client. */
export const authenticate = (
  bus: Bus,
  clientId: string,
  clientSecret?: string,
  more: Partial<AuthenticateClient> = {},
): Promise<Client> =>
  bus.call(authenticateClient, { credentials: [{ clientId, clientSecret }], ip: anAddress(), ...more }, call());

/** The error's code, or `undefined` when it went well. */
export const codeOf = (asked: Promise<unknown>): Promise<string | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => (error as { code: string }).code,
  );

/** The whole answer to whom an error is told, its stack left out. */
export const errorOf = (asked: Promise<unknown>): Promise<object | undefined> =>
  asked.then(
    () => undefined,
    (error: unknown) => ({ ...(error as object) }),
  );

/** Asks again until it holds, as when other instances have learned of a change; a test that waits in vain fails. */
export async function eventually(holds: () => Promise<boolean>): Promise<boolean> {
  for (const end = Date.now() + 30_000; Date.now() < end;) {
    if (await holds()) return true;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return holds();
}
