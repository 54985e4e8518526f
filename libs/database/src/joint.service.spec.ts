import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { HELD, hold, release, waiting } from './held.fixture';
import { inOrganization, queryTogether, selectInOrganization } from './index';
import { notes } from './notes.fixture';

const ORGANIZATIONS = Array.from({ length: 5 }, (_, n) => `00000000-0000-7000-8000-00000000000${n}`);
/** Which transaction it was, beside what was asked. */
const NUMBER = {
  name: 'number',
  text: 'SELECT $1::int AS n, pg_current_xact_id()::text AS "by" FROM generate_series(1, $2::int)',
};
const NOTES = {
  name: 'notes',
  text: selectInOrganization('SELECT text FROM notes WHERE organization_id = $1 OR $2::bool'),
};
const WRONG = { name: 'wrong', text: 'SELECT 10 / $1::int AS tenth' };

let database: TestDatabase;
let dataSource: DataSource;

beforeAll(async () => {
  database = await createTestDatabase([notes]);
  dataSource = await database.connect('notes');
  for (const organization of ORGANIZATIONS)
    await inOrganization(dataSource, organization, (manager) =>
      manager.query(`INSERT INTO notes (organization_id, text) VALUES ($1, $2)`, [organization, organization]),
    );
});
afterAll(() => database.drop());

const many = <T>(count: number, of: (n: number) => Promise<T>) =>
  Promise.all(Array.from({ length: count }, (_, n) => of(n)));
const number = (n: number, rows = 1) =>
  queryTogether<{ n: number; by: string }>(dataSource, NUMBER, [n, rows], { order: String(n % 7) });

describe('statements that are joined', () => {
  test('each gets its own rows, none or many, from a few transactions', async () => {
    const answers = await many(100, (n) => number(n, n % 3));
    expect(answers.map((rows) => rows.map(({ n }) => n))).toEqual(
      Array.from({ length: 100 }, (_, n) => Array<number>(n % 3).fill(n)),
    );
    expect(new Set(answers.flat().map(({ by }) => by)).size).toBeLessThan(20);
  });

  test('one after the other are transactions of their own', async () => {
    const by = new Set<string | undefined>();
    for (let n = 0; n < 10; n++) by.add((await number(n))[0]?.by);
    expect(by.size).toBe(10);
  });

  test('those of one group are not joined with those of another', async () => {
    const of = (group: string) => queryTogether<{ by: string }>(dataSource, NUMBER, [1, 1], { group });
    const answers = await many(40, (n) => of(n % 2 ? 'odd' : 'even'));
    const by = (rest: number) => answers.filter((_, n) => n % 2 === rest).map(([row]) => row?.by);
    expect(by(0).filter((one) => by(1).includes(one))).toEqual([]);
  });

  test('MT-40 each reads the rows of its own organization only', async () => {
    const answers = await many(50, (n) =>
      queryTogether<{ text: string }>(dataSource, NOTES, [ORGANIZATIONS[n % 5], true], { order: String(n % 3) }),
    );
    expect(answers).toEqual(Array.from({ length: 50 }, (_, n) => [{ text: ORGANIZATIONS[n % 5] }]));
  });

  test('a mistake in one fails it alone', async () => {
    const ended = await Promise.allSettled(
      Array.from({ length: 30 }, (_, n) => queryTogether(dataSource, WRONG, [n % 10])),
    );
    expect(ended.map((one) => (one.status === 'fulfilled' ? one.value : one.status))).toEqual(
      Array.from({ length: 30 }, (_, n) => (n % 10 ? [{ tenth: Math.floor(10 / (n % 10)) }] : 'rejected')),
    );
  });

  test('one that is held up does not hold up those after it', async () => {
    const mayBeHeld = { name: 'may-be-held', text: `SELECT CASE WHEN $1::bool THEN ${HELD} END AS held` };
    await asAdmin(database.adminUrl, async (admin) => {
      await hold(admin);
      const long = queryTogether(dataSource, mayBeHeld, [true]);
      await waiting(admin, 1);
      expect(await many(20, () => queryTogether(dataSource, mayBeHeld, [false]))).toHaveLength(20);
      expect(await waiting(admin, 1)).toHaveLength(1);
      await release(admin);
      await long;
    });
  });

  test('a lost connection fails those on it as temporarily_unavailable, and the next find another', async () => {
    await asAdmin(database.adminUrl, async (admin) => {
      await hold(admin);
      const held = { name: 'held', text: `SELECT ${HELD} AS held` };
      const ended = Promise.allSettled(Array.from({ length: 2 }, () => queryTogether(dataSource, held, [])));
      const [pid] = await waiting(admin, 1);
      await admin.query('SELECT pg_terminate_backend($1)', [pid]);
      const unavailable = { code: 'temporarily_unavailable', retryAfter: 1 };
      expect((await ended).map((one) => (one.status === 'rejected' ? (one.reason as unknown) : one))).toEqual(
        Array(2).fill(expect.objectContaining(unavailable)),
      );
    });
    expect(await many(20, (n) => number(n))).toHaveLength(20);
  });
});
