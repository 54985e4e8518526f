import { asAdmin, createTestDatabase, startPostgres, type TestDatabase, type TestPostgres } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { connectPatiently, createDataSource, inOrganization, query } from './index';
import { notes } from './notes.fixture';

const A = '00000000-0000-7000-8000-00000000000a';
const UNAVAILABLE = { code: 'temporarily_unavailable', retryAfter: 1 };

let postgres: TestPostgres;
let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  postgres = await startPostgres();
  database = await createTestDatabase([notes], postgres.adminUrl);
  dataSource = await database.connect('notes', { poolSize: 3 });
});
afterAll(() => database.drop().finally(() => postgres.stop()));

const prepared = () => query(dataSource, 'one', `SELECT 1 AS one`, []);
const transaction = () => inOrganization(dataSource, A, (manager) => manager.query(`SELECT 1 AS one`));

/** More calls than connections: all must fail in time, also those that wait for a connection. */
async function expectUnavailable(): Promise<void> {
  const late = new Promise((resolve) => setTimeout(resolve, 10_000, 'no answer within 10 s').unref());
  const answers = [prepared, transaction, prepared, transaction, prepared, transaction].map((call) =>
    Promise.race([call().catch((error: unknown) => error), late]),
  );
  expect(await Promise.all(answers)).toEqual(Array(6).fill(expect.objectContaining(UNAVAILABLE)));
}

async function expectWorking(): Promise<void> {
  expect(await Promise.all([prepared(), transaction(), prepared(), transaction()])).toEqual(
    Array(4).fill([{ one: 1 }]),
  );
}

it('PostgreSQL killed: 503 in time, and recovery by itself once it is back', async () => {
  await expectWorking();
  postgres.kill();
  while (await prepared().catch(() => undefined)); // Its processes outlive it for an instant.
  await expectUnavailable();
  await postgres.restart();
  await expectWorking();
}, 30_000);

it('PostgreSQL away when a service starts: it waits; a role that is refused fails at once', async () => {
  postgres.kill();
  while (await prepared().catch(() => undefined));
  const starting = connectPatiently(createDataSource({ url: database.url('notes'), schema: 'notes' }));
  await postgres.restart();
  const started = await starting;
  expect(await query(started, 'one', `SELECT 1 AS one`, [])).toEqual([{ one: 1 }]);
  await started.destroy();

  const url = new URL(database.url('notes'));
  url.password = 'wrong';
  await expect(connectPatiently(createDataSource({ url: url.href, schema: 'notes' }))).rejects.toMatchObject({
    code: '28P01',
  });
}, 30_000);

it('PostgreSQL hanging: 503 in time, and recovery by itself once it goes on', async () => {
  await expectWorking();
  postgres.signal('SIGSTOP');
  try {
    await expectUnavailable();
  } finally {
    postgres.signal('SIGCONT');
  }
  await expectWorking();
}, 30_000);

it('a connection cut in the middle of a transaction is 503, and the next call has another', async () => {
  const cut = inOrganization(dataSource, A, async (manager) => {
    const [{ pid }] = await manager.query(`SELECT pg_backend_pid() AS pid`);
    await asAdmin(database.adminUrl, (admin) => admin.query(`SELECT pg_terminate_backend($1)`, [pid]));
    return manager.query(`SELECT 1`);
  });
  await expect(cut).rejects.toMatchObject(UNAVAILABLE);
  await expectWorking();
});

it('a transaction that cannot be rolled back is not left open for the next user of its connection', async () => {
  const single = await database.connect('notes', { poolSize: 1 });
  let stopped = 0;
  const cut = inOrganization(single, A, async (manager) => {
    const [{ pid }] = await manager.query(`SELECT pg_backend_pid() AS pid`);
    process.kill((stopped = pid), 'SIGSTOP');
    throw new Error('changed its mind');
  });
  try {
    await expect(cut).rejects.toThrow('changed its mind');
  } finally {
    process.kill(stopped, 'SIGCONT');
  }
  // Of the pool, which has one.
  const [next] = await single.query<{ pid: number; organization: string | null }[]>(
    `SELECT pg_backend_pid() AS pid, current_setting('app.organization', true) AS organization`,
  );
  expect(next?.pid).not.toBe(stopped);
  expect(next?.organization ?? '').toBe('');
}, 30_000);

it('a statement that takes too long is 503', async () => {
  await expect(query(dataSource, 'slow', `SELECT pg_sleep(10)`, [])).rejects.toMatchObject(UNAVAILABLE);
  await expectWorking();
});

it('a mistake in a statement is not 503, and the connection is kept', async () => {
  const backends = async () => {
    const rows = await query(dataSource, 'pid', `SELECT pid FROM pg_stat_activity WHERE usename = 'keyward_notes'`, []);
    return JSON.stringify(rows);
  };
  const before = await backends();
  await expect(query(dataSource, 'wrong', `SELECT 1 / 0`, [])).rejects.toMatchObject({ code: '22012' });
  expect(await backends()).toBe(before);
});
