import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { query } from './index';
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
    const order: string[] = [];
    const long = query(dataSource, 'long', 'SELECT pg_sleep(0.5)', []).then(() => order.push('long'));
    for (let n = 0; n < 10; n++) await number(n);
    order.push('ten short ones');
    await long;
    expect(order).toEqual(['ten short ones', 'long']);
  });

  test('a mistake in one fails it alone', async () => {
    const wrong = (n: number) => query(dataSource, 'wrong', 'SELECT 1 / $1::int AS one', [n]);
    const ended = await Promise.allSettled([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1].map(wrong));
    expect(ended.map(({ status }) => status)).toEqual(
      Array.from({ length: 12 }, (_, n) => (n % 2 ? 'fulfilled' : 'rejected')),
    );
  });

  test('a lost connection fails the statements on it as temporarily_unavailable, and another is opened', async () => {
    const [row] = await backend();
    const ended = Promise.allSettled(
      Array.from({ length: 8 }, () => query(dataSource, 'sleep', 'SELECT pg_sleep(0.4)', [])),
    );
    await asAdmin(database.adminUrl, (admin) => admin.query('SELECT pg_terminate_backend($1)', [row?.pid]));
    const failed = (await ended).flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    // Two of the eight were on it.
    expect(failed).toEqual(Array(2).fill(expect.objectContaining({ code: 'temporarily_unavailable', retryAfter: 1 })));
    expect(await many(8, number)).toHaveLength(8);
  });
});
