import { asAdmin, createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { TOKEN_SCHEMA } from './data-source';
import { Partitions } from './partitions';
import { as, refresh, startScene, type Scene } from './service.fixture';

const DAY = 86_400;
const TABLES = ['refresh_families', 'access_tokens', 'revoked_tokens'];

let database: TestDatabase;
let nats: Nats;
let scene: Scene;
let dataSource: DataSource;
let partitions: Partitions;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), new TestClock(Math.floor(Date.now() / 1000) * 1000));
  dataSource = await database.connect('token');
  const log = { info: () => undefined, error: () => undefined } as never;
  partitions = new Partitions(dataSource, { refreshFamilyLifetime: 90 * DAY }, log);
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const dayFrom = (days: number) => new Date(Date.now() + days * DAY * 1000).toISOString().slice(0, 10);
const partOf = (table: string, days: number) => `${table}_${dayFrom(days).replaceAll('-', '')}`;
const asOwner = (statements: string[]) =>
  asAdmin(database.adminUrl, async (admin) => {
    await admin.query('SET ROLE keyward_owner');
    for (const statement of statements) await admin.query(statement);
  });

/** All that the tables are written and read by. */
async function live(clientId: string): Promise<void> {
  const { body: first } = await scene.signIn(clientId);
  const { body: second } = await scene.issue(refresh(clientId, first));
  expect((await scene.introspect({ ...as(clientId), token: second.access_token })).active).toBe(true);
  await scene.revoke({ ...as(clientId), token: second.refresh_token! });
  await scene.revoke({ ...as(clientId), token: first.access_token });
  expect((await scene.introspect({ ...as(clientId), token: second.access_token })).active).toBe(false);
}

it('partitions are made ahead and dropped by the day while tokens are issued: not one request fails', async () => {
  let done = false;
  let lived = 0;
  const clients = ['johns', 'johns-opaque', 'johns', 'johns-opaque'].map(async (clientId) => {
    for (; !done; lived++) await live(clientId);
  });
  const dropped: string[] = [];
  for (let round = 0; round < 8; round++) {
    // Days that are over are there, and the last one ahead is not yet.
    const old = TABLES.map(
      (table) =>
        `CREATE TABLE token.${partOf(table, -100 - round)} PARTITION OF token.${table} FOR VALUES IN ('${dayFrom(-100 - round)}')`,
    );
    await asOwner([...old, ...TABLES.map((table) => `DROP TABLE token.${partOf(table, 3)}`)]);
    await partitions.make();
    dropped.push(...(await partitions.drop()));
    const before = lived;
    while (lived < before + 4) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  done = true;
  await Promise.all(clients);
  expect(dropped).toHaveLength(8 * TABLES.length);
  const ahead = await asAdmin(database.adminUrl, (admin) =>
    admin.query('SELECT FROM pg_class WHERE relname = ANY ($1)', [TABLES.map((table) => partOf(table, 3))]),
  );
  expect(ahead.rowCount).toBe(TABLES.length);
});
