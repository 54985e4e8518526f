import { randomUUID } from 'node:crypto';
import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { TOKEN_SCHEMA } from '../data-source';
import { dueNotices } from './logout-notices';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase([TOKEN_SCHEMA])));
afterAll(() => database.drop());

/** Notices of an organization that have been due since so many seconds. */
const due = (organizationId: string, clients: number, each: number, seconds: number) =>
  asAdmin(database.adminUrl, (admin) =>
    admin.query(
      `INSERT INTO token.logout_notices (organization_id, session_id, client_id, sub, created_at, next_at)
        SELECT $1, gen_random_uuid(), 'client ' || c, gen_random_uuid(), now(), now() - $4 * interval '1 second'
        FROM generate_series(1, $2::int) c, generate_series(1, $3::int)`,
      [organizationId, clients, each, seconds],
    ),
  );

it('BL-04 MT-22 abuse 37 organizations are told in turn, however many clients of one wait for longer', async () => {
  const [large, small, other] = [randomUUID(), randomUUID(), randomUUID()];
  await due(large, 40, 5, 3600);
  await due(small, 1, 2, 1);
  await due(other, 2, 1, 10);
  const dataSource = await database.connect('token');
  const found = await dueNotices(dataSource, new Date(), 4, 6);
  const countOf = (id: string) => found.filter(({ organizationId }) => organizationId === id).length;
  expect([large, small, other].map(countOf)).toEqual([2, 2, 2]);
  const all = await dueNotices(dataSource, new Date(), 4, 1000);
  expect(all).toHaveLength(40 * 4 + 2 + 2);
});
