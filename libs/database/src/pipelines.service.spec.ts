import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { HELD, hold, release, waiting } from './held.fixture';
import { createDataSource, query } from './index';
import { notes } from './notes.fixture';

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase([notes]);
  dataSource = await database.connect('notes');
});
afterAll(() => database.drop());

const many = <T>(count: number, of: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => of(n)));
const number = (n: number) => query<{ n: number }>(dataSource, 'number', 'SELECT $1::int AS n', [n]);
const held = () => query(dataSource, 'held', `SELECT ${HELD} AS held`, []);
const backend = () => query<{ pid: number }>(dataSource, 'backend', 'SELECT pg_backend_pid() AS pid', []);

describe('statements of the hot path', () => {
  test('share four connections, and each gets its own answer', async () => {
    const answers = await many(200, number);
    expect(answers).toEqual(Array.from({ length: 200 }, (_, n) => [{ n }]));
    const pids = (await many(200, backend)).map(([row]) => row?.pid);
    expect(new Set(pids).size).toBe(4);
  });

  test('one after the other are done by one connection', async () => {
    const pids = new Set<number | undefined>();
    for (let n = 0; n < 20; n++) pids.add((await backend())[0]?.pid);
    expect(pids.size).toBe(1);
  });

  test('do not wait for a long one while another connection has less to do', async () => {
    await asAdmin(database.adminUrl, async (admin) => {
      await hold(admin);
      const long = held();
      await waiting(admin, 1);
      for (let n = 0; n < 10; n++) expect(await number(n)).toEqual([{ n }]);
      expect(await waiting(admin, 1)).toHaveLength(1);
      await release(admin);
      await long;
    });
  });

  test('a mistake in one fails it alone', async () => {
    const wrong = (n: number) => query(dataSource, 'wrong', 'SELECT 1 / $1::int AS one', [n]);
    const ended = await Promise.allSettled([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1].map(wrong));
    expect(ended.map(({ status }) => status)).toEqual(
      Array.from({ length: 12 }, (_, n) => (n % 2 ? 'fulfilled' : 'rejected')),
    );
  });

  test('a lost connection fails the statements on it as temporarily_unavailable, and another is opened', async () => {
    await asAdmin(database.adminUrl, async (admin) => {
      await hold(admin);
      const ended = Promise.allSettled(Array.from({ length: 8 }, held));
      const [pid] = await waiting(admin, 4);
      await admin.query('SELECT pg_terminate_backend($1)', [pid]);
      await release(admin);
      const failed = (await ended).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
      const unavailable = { code: 'temporarily_unavailable', retryAfter: 1 };
      // Two of the eight were on it.
      expect(failed).toEqual(Array(2).fill(expect.objectContaining(unavailable)));
    });
    expect(await many(8, number)).toHaveLength(8);
  });

  test('after the end are temporarily_unavailable: nobody would close the connection', async () => {
    const ended = await createDataSource({ url: database.url('notes'), schema: 'notes' }).initialize();
    const one = () => query(ended, 'one', 'SELECT 1 AS one', []);
    await ended.destroy();
    await expect(one()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
    await ended.initialize();
    expect(await one()).toEqual([{ one: 1 }]);
    await ended.destroy();
  });
});
