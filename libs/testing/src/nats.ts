import { execFileSync, spawn } from 'node:child_process';
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';

/** A NATS server of the tests' own. */
export interface Nats {
  url: string;
  pid: number;
  stop(): Promise<void>;
}

export interface NatsOptions {
  /** A free one when absent. */
  port?: number;
  /** A server configuration, without where to listen. */
  configFile?: string;
  /** The variables that the configuration names. */
  env?: Readonly<Record<string, string>>;
}

/** Starts a nats-server on 127.0.0.1, installing it first where that can be done without asking. */
export async function startNats({ port = -1, configFile, env }: NatsOptions = {}): Promise<Nats> {
  const args = ['-a', '127.0.0.1', '-p', String(port), ...(configFile ? ['-c', configFile] : [])];
  const server = spawn(natsServer(), args, { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ...env } });
  // On SIGTERM it exits with 1, so only that it has ended says something.
  const exited = new Promise<void>((resolve) => server.once('exit', () => resolve()));
  const said: string[] = [];
  const address = await new Promise<string>((resolve, reject) => {
    server.once('error', reject);
    void exited.then(() => reject(new Error(`nats-server did not start:\n${said.join('\n')}`)));
    createInterface(server.stderr).on('line', (line) => {
      said.push(line);
      const [, listening] = /Listening for client connections on (\S+)/.exec(line) ?? [];
      if (listening) resolve(listening);
    });
  });
  return {
    url: `nats://${address.replace('0.0.0.0', '127.0.0.1')}`,
    pid: server.pid ?? 0,
    stop: async () => {
      server.kill('SIGTERM');
      await exited;
    },
  };
}

/** The path of a nats-server: `NATS_SERVER_BIN`, `PATH`, or where package managers put it. */
export function natsServer(): string {
  const found = findNatsServer();
  if (found) return found;
  if (process.getuid?.() === 0 && existsSync('/usr/bin/apt-get')) {
    execFileSync('apt-get', ['update', '-q'], { stdio: 'ignore' });
    execFileSync('apt-get', ['install', '-y', '-q', 'nats-server'], { stdio: 'ignore' });
  }
  const installed = findNatsServer();
  if (installed) return installed;
  throw new Error(
    'These tests need a nats-server. Install it (apt install nats-server, brew install nats-server, or from nats.io), ' +
      'or say where it is with NATS_SERVER_BIN.',
  );
}

function findNatsServer(): string | undefined {
  const { NATS_SERVER_BIN, PATH = '' } = process.env;
  if (NATS_SERVER_BIN) return NATS_SERVER_BIN;
  // Debian puts it into /usr/sbin, which is not on the PATH of an ordinary user.
  const places = [...PATH.split(delimiter), '/usr/sbin', '/usr/local/bin', '/opt/homebrew/bin'];
  return places.map((place) => join(place, 'nats-server')).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
