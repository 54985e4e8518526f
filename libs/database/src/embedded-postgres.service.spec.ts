import { asAdmin } from '@keyward/testing';
import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { startEmbeddedPostgres } from './embedded-postgres';

/** Where a server has started and stopped: making what it keeps there takes the longest of all. */
let made: string;
let home: string;
const optionsIn = (where: string) => ({
  dir: join(where, 'a home', 'data'),
  password: `it's / "secret"`,
  fsync: false,
});
let options: ReturnType<typeof optionsIn>;

async function newHome(): Promise<string> {
  const where = await mkdtemp(join(tmpdir(), 'keyward-embedded-'));
  await chmod(where, 0o755);
  await mkdir(join(where, 'a home'));
  return where;
}
/** The owner is PostgreSQL's and stays it. */
const copyMade = () => promisify(execFile)('cp', ['-a', optionsIn(made).dir, options.dir]);

beforeAll(async () => {
  made = await newHome();
  await (await startEmbeddedPostgres(optionsIn(made))).stop();
}, 30_000);
beforeEach(async () => {
  home = await newHome();
  options = optionsIn(home);
});
afterEach(() => rm(home, { recursive: true, force: true }));
afterAll(() => rm(made, { recursive: true, force: true }));

/** Resolves once the process has ended and whoever adopted it has taken note. */
async function ended(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 10));
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

it('keeps its data from one start to the next, listens on loopback alone, and asks for the password', async () => {
  const first = await startEmbeddedPostgres(options);
  await asAdmin(first.adminUrl, (admin) => admin.query(`CREATE TABLE kept AS SELECT 1 AS one`));
  const { rows } = await asAdmin(first.adminUrl, (admin) => admin.query(`SHOW listen_addresses`));
  expect(rows).toEqual([{ listen_addresses: '127.0.0.1' }]);
  for (const url of [first.adminUrl, first.nearUrl])
    await expect(asAdmin(url.replace(/:[^:@]*@/, ':wrong@'), () => Promise.resolve())).rejects.toMatchObject({
      code: '28P01',
    });
  await first.stop();
  await ended(first.pid);

  const second = await startEmbeddedPostgres(options);
  const kept = await asAdmin(second.adminUrl, (admin) => admin.query(`SELECT one FROM kept`));
  expect(kept.rows).toEqual([{ one: 1 }]);
  await second.stop();
}, 30_000);

const peerOf = (url: string) =>
  asAdmin(
    url,
    async (admin) => (await admin.query<{ address: string | null }>(`SELECT inet_client_addr() AS address`)).rows,
  );

it('is reached by its socket, and by TCP where the path is too long for one', async () => {
  await copyMade();
  const near = await startEmbeddedPostgres(options);
  expect(await peerOf(near.nearUrl)).toEqual([{ address: null }]);
  await near.stop();

  const dir = join(home, 'x'.repeat(80));
  await rename(options.dir, dir);
  const far = await startEmbeddedPostgres({ ...options, dir });
  expect(await peerOf(far.nearUrl)).toEqual([{ address: '127.0.0.1' }]);
  await far.stop();
}, 30_000);

it('a server left over from a killed process is shut down by the next start', async () => {
  await copyMade();
  const leftover = await startEmbeddedPostgres(options);
  const next = await startEmbeddedPostgres(options);
  await ended(leftover.pid);
  expect(isAlive(next.pid)).toBe(true);
  process.kill(next.pid, 'SIGKILL');
  const afterCrash = await startEmbeddedPostgres(options);
  await afterCrash.stop();
}, 30_000);

it('lock files that name another program’s process do not end that program, nor keep it from starting', async () => {
  await copyMade();
  for (const name of ['postmaster.pid', '.s.PGSQL.23456.lock', '.s.PGSQL.23456'])
    await writeFile(join(options.dir, name), `${process.ppid}\n`);
  const server = await startEmbeddedPostgres({ ...options, port: 23456 });
  expect(isAlive(process.ppid)).toBe(true);
  await server.stop();
}, 30_000);

it('a first start that was interrupted is made good by the next', async () => {
  await mkdir(`${options.dir}.new`);
  await writeFile(join(`${options.dir}.new`, 'PG_VERSION'), '18');
  const server = await startEmbeddedPostgres(options);
  await server.stop();
}, 30_000);

it('is in a process group of its own, so that Ctrl-C in a terminal does not end it before its clients', async () => {
  await copyMade();
  const server = await startEmbeddedPostgres(options);
  expect(() => process.kill(-server.pid, 0)).not.toThrow();
  await server.stop();
}, 30_000);

// Only root has to run it as someone else, who may be kept out.
if (process.getuid?.() === 0)
  it('as root, a home that PostgreSQL cannot reach is named', async () => {
    await chmod(home, 0o700);
    await expect(startEmbeddedPostgres(options)).rejects.toThrow(`cannot enter ${home}`);
  });
