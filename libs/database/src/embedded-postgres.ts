import { execFile, execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries';

const run = promisify(execFile);

/** Where an embedded PostgreSQL keeps its data, and how it is reached. */
export interface EmbeddedPostgresOptions {
  /** Its data directory, made at the first start. Only one process may use it at a time: the caller sees to that. */
  dir: string;
  /** Of the superuser `postgres`, fixed when `dir` is made; the caller keeps it. */
  password: string;
  /** A free one when absent. */
  port?: number;
  /** `false` for tests: faster, and broken if the machine stops. */
  fsync?: boolean;
  /** 60 when absent. */
  maxConnections?: number;
}

/** A running PostgreSQL that listens on 127.0.0.1 and in its data directory only. */
export interface EmbeddedPostgres {
  /** The superuser's URL of the database `postgres`, by TCP. */
  adminUrl: string;
  /** The same by its Unix socket, which costs half as much for each statement; by TCP where the path is too long for one. */
  nearUrl: string;
  pid: number;
  /** Ends open sessions and shuts down cleanly. */
  stop(): Promise<void>;
}

/** Bytes of a directory in which a socket can be, whatever its port: macOS takes 103 for both (Linux 107). */
const SOCKET_DIRECTORY = 103 - '/.s.PGSQL.65535'.length;

/** Root may not run PostgreSQL: it is then run as another user. */
interface RunAs {
  name?: string;
  uid?: number;
  gid?: number;
}

/**
 * Starts PostgreSQL on a directory of its own, after a crash as well: a server left over from a killed process is shut down
 * first. `pg_ctl` gives it a session of its own, so that Ctrl-C in a terminal does not reach it before its clients are done.
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const dir = resolve(options.dir);
  const binaries = postgresBinaries();
  const user = runAs();
  for (const path of [dirname(dir), dirname(binaries.pgCtl)]) await assertReachable(path, user);
  if (!existsSync(dir)) await initialise(dir, options, binaries, user);
  const pgCtl = (...args: string[]) => run(binaries.pgCtl, [...args, '-D', dir], { ...user, cwd: '/' });
  const stop = async () => {
    if (serverOf(dir) === undefined) return;
    await pgCtl('stop', '--mode=fast', '--timeout=10').catch(() => pgCtl('stop', '--mode=immediate'));
  };

  await stop();
  await unlock(dir);
  const port = options.port ?? (await freePort());
  const log = join(dir, 'server.log');
  await rm(log, { force: true });
  try {
    await pgCtl('start', '--timeout=30', `--log=${log}`, '-o', settings(port, options));
  } catch (cause) {
    const said = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`PostgreSQL did not start in ${dir}: ${said.trim()}`, { cause });
  }
  const urlAt = (host: string) =>
    `postgres://postgres:${encodeURIComponent(options.password)}@${host}:${port}/postgres`;
  const adminUrl = urlAt('127.0.0.1');
  return {
    adminUrl,
    nearUrl: Buffer.byteLength(dir) > SOCKET_DIRECTORY ? adminUrl : urlAt(encodeURIComponent(dir)),
    pid: serverOf(dir) ?? 0,
    stop,
  };
}

/** What a server that was killed has left: by now its files may name a process that is no PostgreSQL of ours. */
async function unlock(dir: string): Promise<void> {
  const left = (await readdir(dir)).filter((name) => name === 'postmaster.pid' || name.startsWith('.s.PGSQL.'));
  for (const name of left) await rm(join(dir, name), { force: true });
}

/** Small, on loopback alone, and without statements or rows in its log. */
function settings(port: number, { fsync = true, maxConnections = 60 }: EmbeddedPostgresOptions): string {
  const all = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '.',
    max_connections: maxConnections,
    shared_buffers: '32MB',
    io_method: 'sync',
    wal_level: 'minimal',
    max_wal_senders: 0,
    jit: 'off',
    log_min_error_statement: 'panic',
    log_error_verbosity: 'terse',
    ...(fsync ? {} : { fsync: 'off', full_page_writes: 'off' }),
  };
  return Object.entries(all)
    .map(([name, value]) => `-c ${name}='${value}'`)
    .join(' ');
}

/** Made beside its place and moved there when complete, so that an interrupted first start leaves nothing half made. */
async function initialise(
  dir: string,
  { password, fsync = true }: EmbeddedPostgresOptions,
  { initdb }: PostgresBinaries,
  user: RunAs,
): Promise<void> {
  const unfinished = `${dir}.new`;
  const secrets = await mkdtemp(join(tmpdir(), 'keyward-'));
  try {
    await rm(unfinished, { recursive: true, force: true });
    await mkdir(unfinished, { recursive: true, mode: 0o700 });
    const passwordFile = join(secrets, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    for (const path of [unfinished, secrets, passwordFile]) await giveTo(user, path);
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
    const access = ['--username=postgres', '--auth=scram-sha-256', `--pwfile=${passwordFile}`];
    const args = [`--pgdata=${unfinished}`, ...access, ...locale, ...(fsync ? [] : ['--no-sync'])];
    await run(initdb, args, { ...user, cwd: '/' });
    await rename(unfinished, dir);
  } finally {
    await rm(secrets, { recursive: true, force: true });
  }
}

function runAs(): RunAs {
  if (process.getuid?.() !== 0) return {};
  for (const name of ['postgres', 'nobody']) {
    const id = (flag: string) => Number(execFileSync('id', [flag, name], { stdio: 'pipe' }));
    try {
      return { name, uid: id('-u'), gid: id('-g') };
    } catch {
      continue;
    }
  }
  throw new Error(
    'PostgreSQL does not run as root, and this system has neither a user postgres nor nobody to run it as',
  );
}

async function giveTo({ uid, gid }: RunAs, path: string): Promise<void> {
  if (uid !== undefined && gid !== undefined) await chown(path, uid, gid);
}

/** As root, every directory on the way must let the other user through; `initdb` would only say that it cannot. */
async function assertReachable(path: string, user: RunAs): Promise<void> {
  if (user.uid === undefined) return;
  for (let at = path; ; at = dirname(at)) {
    const { mode, uid, gid } = await stat(at).catch(() => ({ mode: 0o111, uid: 0, gid: 0 }));
    const mayEnter = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001;
    if (!(mode & mayEnter))
      throw new Error(
        `PostgreSQL does not run as root but as ${user.name ?? 'another user'}, who cannot enter ${at} on the way to ` +
          `${path}: use a place that everyone can enter, or start as an ordinary user`,
      );
    if (at === dirname(at)) return;
  }
}

/** The process that serves `dir`, also one that an earlier process left behind. */
function serverOf(dir: string): number | undefined {
  try {
    const pid = Number(readFileSync(join(dir, 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
    const command = existsSync('/proc/self/cmdline')
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8')
      : execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8', stdio: 'pipe' });
    return command.includes(dir) ? pid : undefined;
  } catch {
    return undefined;
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  await new Promise((closed) => server.close(closed));
  return port;
}
