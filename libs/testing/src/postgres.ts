import { execFileSync } from 'node:child_process';
import { startEmbeddedPostgres, type EmbeddedPostgres } from '@keyward/database';
import { randomBytes } from 'node:crypto';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A PostgreSQL server of the tests' own. */
export interface TestPostgres {
  adminUrl: string;
  /** Of the server that runs now. */
  readonly pid: number;
  /** Ends it as a crash of the machine would, sessions and all. */
  kill(): void;
  /** Starts it again, on the same port with the same data. */
  restart(): Promise<void>;
  /** Stops it and forgets its data. */
  stop(): Promise<void>;
  /** Sent to the running server and every session of it: `SIGSTOP` makes it hang, `SIGCONT` go on. */
  signal(signal: NodeJS.Signals): void;
}

/** Starts a PostgreSQL server with an empty, temporary data directory. */
export async function startPostgres(): Promise<TestPostgres> {
  const home = await mkdtemp(join(tmpdir(), 'keyward-postgres-'));
  await chmod(home, 0o755); // As root the server runs as another user, who must get in.
  const password = randomBytes(16).toString('hex');
  const options = { dir: join(home, 'data'), password, fsync: false, maxConnections: 300 };
  let server: EmbeddedPostgres = await startEmbeddedPostgres(options);
  const { adminUrl } = server;
  const port = Number(new URL(adminUrl).port);
  const signal = (name: NodeJS.Signals) => processesOf(server.pid).forEach((pid) => send(pid, name));
  return {
    adminUrl,
    get pid() {
      return server.pid;
    },
    signal,
    kill: () => signal('SIGKILL'),
    restart: async () => {
      server = await startEmbeddedPostgres({ ...options, port });
    },
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** To a session, which may just have ended. */
function send(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The server and its sessions, each in a process group of its own. */
function processesOf(pid: number): number[] {
  const all = execFileSync('ps', ['-A', '-o', 'pid=,ppid='], { encoding: 'utf8' }).trim().split('\n');
  const pairs = all.map((line) => line.trim().split(/\s+/).map(Number));
  return [pid, ...pairs.flatMap(([child, parent]) => (parent === pid && child !== undefined ? [child] : []))];
}
