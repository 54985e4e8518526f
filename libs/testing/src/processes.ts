import { randomBytes } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { writeCertificate } from './certificate';
import { Child } from './child';
import { type Access, type Demo, Deployment, entryOf, operatorEnv, plainEnv, ROOT, runCli } from './deployment';
import { Guard } from './guard';
import { type Link, startLink } from './link';
import { type Nats, startNats } from './nats';
import { freePort } from './ports';
import { startPostgres, type TestPostgres } from './postgres';
import { fetchingFrom, freeOffset, NO_STOCK, temporaryDirectory } from './standalone';

const SERVICES = ['directory', 'key-manager', 'catalog', 'token', 'gateway'] as const;
export type ServiceName = (typeof SERVICES)[number];

type Env = Record<string, string>;

/** How many, and with which settings beside their own. */
export interface ProcessesOptions {
  /** Of each service, 1 when absent. */
  instances?: number;
  env?: Partial<Record<ServiceName, Env>>;
  /** Each gateway reaches NATS by a link of its own, which can be cut. */
  linked?: boolean;
}

/** A broker that can go away and come back on the same port. */
export interface Broker {
  readonly url: string;
  /** 0 while it is stopped. */
  readonly pid: number;
  stop(): Promise<void>;
  start(): Promise<void>;
  /** Makes it hang without ending. */
  pause(): void;
  resume(): void;
}

/** Every service in processes of its own, over a real NATS server and PostgreSQL. */
export interface Processes {
  readonly access: Access;
  readonly deployment: Deployment;
  /** Every instance of each. */
  readonly services: Readonly<Record<ServiceName, Child[]>>;
  /** The base URL of each gateway. */
  readonly gatewayUrls: string[];
  readonly nats: Broker;
  /** Of each gateway to NATS, where they are asked for. */
  readonly links: readonly Link[];
  readonly postgres: TestPostgres;
  /** What each user of nats.conf signs in with. */
  readonly natsPasswords: Readonly<Record<ServiceName, string>>;
  /** Ends everything and removes its state. */
  stop: () => Promise<void>;
}

/** Starts a deployment as an operator does: PostgreSQL and NATS, migrations, services, the demo organization. */
export async function startProcesses({ instances = 1, env = {}, linked }: ProcessesOptions = {}): Promise<Processes> {
  const directory = await temporaryDirectory();
  const guard = new Guard();
  const stops: (() => Promise<unknown>)[] = [() => rm(directory, { recursive: true, force: true })];
  const stop = async () => {
    for (const one of stops.splice(0).reverse()) await one();
    guard.release();
  };
  try {
    const natsPasswords = everyService(() => `s${randomBytes(24).toString('hex')}`);
    const postgres = await startPostgres();
    stops.push(() => postgres.stop());
    guard.watch(postgres.pid);
    const nats = await startBroker(natsPasswords, guard);
    stops.push(() => nats.stop());

    const settings = await settingsOf(directory, postgres.adminUrl, nats.url, natsPasswords);
    await keyward(['migrate'], settings.migrate);
    const offsets = await Promise.all(Array.from({ length: instances }, freeOffset));
    const gatewayUrls = offsets.map((offset) => `https://localhost:${8243 + offset}`);
    const [baseUrl = ''] = gatewayUrls;
    const links = await Promise.all(linked ? offsets.map(() => startLink(nats.url)) : []);
    stops.push(() => Promise.all(links.map((link) => link.close())));
    const start = async (name: ServiceName): Promise<Child[]> => {
      const children = await Promise.all(
        offsets.map((offset, i) => {
          const own: Env =
            name === 'gateway' ? { PORT_OFFSET: String(offset), NATS_URL: links[i]?.url ?? nats.url } : {};
          const all = { ...settings.services[name], ...own, PUBLIC_URL: baseUrl, ...env[name] };
          return service(name, `${name}-${i + 1}`, directory, guard, all);
        }),
      );
      stops.push(() => Promise.all(children.map((child) => (child.signal('SIGCONT'), child.kill()))));
      await Promise.all(children.map((child) => child.start()));
      return children;
    };
    const [directories, keyManagers, catalogs, tokens, gateways] = await Promise.all(SERVICES.map(start));
    const services = {
      directory: directories ?? [],
      'key-manager': keyManagers ?? [],
      catalog: catalogs ?? [],
      token: tokens ?? [],
      gateway: gateways ?? [],
    };
    const { admin, caFile } = settings;
    const demo = JSON.parse(await keyward(['demo'], operatorEnv(baseUrl, admin, caFile))) as Demo;
    const trusted = { certFile: caFile, keyFile: settings.keyFile };
    const access: Access = { target: 'processes', baseUrl, caFile, directory, trusted, demo };
    return {
      access,
      deployment: new Deployment(access),
      services,
      gatewayUrls,
      nats,
      links,
      postgres,
      natsPasswords,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** What the command prints; throws when it fails. */
async function keyward(args: string[], env: Env): Promise<string> {
  const { code, stdout, stderr } = await runCli(args, env);
  if (code !== 0) throw new Error(`keyward ${args.join(' ')}: ${stderr}`);
  return stdout;
}

const everyService = <T>(make: (name: ServiceName) => T): Record<ServiceName, T> =>
  Object.fromEntries(SERVICES.map((name) => [name, make(name)])) as Record<ServiceName, T>;

/** The settings of docker-compose.yml, with secrets of this run. */
async function settingsOf(
  directory: string,
  adminUrl: string,
  natsUrl: string,
  natsPasswords: Record<ServiceName, string>,
) {
  const { certFile, keyFile } = await writeCertificate(directory);
  const admin = { password: randomBytes(24).toString('hex'), consumerSecret: randomBytes(24).toString('hex') };
  const databasePasswords = everyService(() => randomBytes(24).toString('hex'));
  const database = (name: ServiceName) => {
    const url = new URL(adminUrl);
    url.username = `keyward_${name.replace('-', '_')}`;
    url.password = databasePasswords[name];
    return { DATABASE_URL: url.href };
  };
  const own: Record<ServiceName, Env> = {
    directory: { ...database('directory'), KEYWARD_ADMIN_PASSWORD: admin.password },
    'key-manager': {
      ...database('key-manager'),
      KEY_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      KEYWARD_CLI_SECRET: admin.consumerSecret,
      ...NO_STOCK,
      ...fetchingFrom(certFile),
    },
    catalog: database('catalog'),
    token: { ...database('token'), ...fetchingFrom(certFile) },
    gateway: { TLS_CERT_FILE: certFile, TLS_KEY_FILE: keyFile },
  };
  return {
    admin,
    caFile: certFile,
    keyFile,
    migrate: {
      DATABASE_ADMIN_URL: adminUrl,
      DIRECTORY_DATABASE_PASSWORD: databasePasswords.directory,
      KEY_MANAGER_DATABASE_PASSWORD: databasePasswords['key-manager'],
      CATALOG_DATABASE_PASSWORD: databasePasswords.catalog,
      TOKEN_DATABASE_PASSWORD: databasePasswords.token,
    },
    services: everyService((name) => ({
      NATS_URL: natsUrl,
      NATS_USER: name,
      NATS_PASSWORD: natsPasswords[name],
      ...own[name],
    })),
  };
}

async function service(name: ServiceName, instance: string, directory: string, guard: Guard, env: Env): Promise<Child> {
  const port = await freePort();
  return new Child({
    name: instance,
    entry: entryOf(name),
    env: { ...plainEnv(), ...env, HEALTH_PORT: String(port) },
    cwd: directory,
    isReady: async () => (await fetch(`http://127.0.0.1:${port}/health/ready`)).ok,
    guard,
  });
}

async function startBroker(passwords: Record<ServiceName, string>, guard: Guard): Promise<Broker> {
  const port = await freePort();
  const env = Object.fromEntries(
    SERVICES.map((name) => [`NATS_${name.replace('-', '_').toUpperCase()}_PASSWORD`, passwords[name]]),
  );
  const start = async () => {
    const server = await startNats({ port, configFile: join(ROOT, 'nats.conf'), env });
    guard.watch(server.pid);
    return server;
  };
  let server: Nats | undefined = await start();
  return {
    url: server.url,
    get pid() {
      return server?.pid ?? 0;
    },
    stop: async () => {
      const stopped = server;
      server = undefined;
      if (stopped) process.kill(stopped.pid, 'SIGCONT');
      await stopped?.stop();
    },
    start: async () => {
      server ??= await start();
    },
    pause: () => server && process.kill(server.pid, 'SIGSTOP'),
    resume: () => server && process.kill(server.pid, 'SIGCONT'),
  };
}
