import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource, MigrationInterface, QueryRunner } from 'typeorm';
import { createReplays, dropReplays, MOST_REMEMBERED, Replays } from './index';

class Once1700000000000 implements MigrationInterface {
  up = (runner: QueryRunner) => createReplays(runner);
  down = (runner: QueryRunner) => dropReplays(runner);
}

const A = '00000000-0000-7000-8000-00000000000a';
const B = '00000000-0000-7000-8000-00000000000b';
const now = () => Math.floor(Date.now() / 1000);

let database: TestDatabase;
let one: DataSource;
let replays: Replays;
const use = (more: object = {}, by = replays) =>
  by.isFirstUse({ ...{ organizationId: A, purpose: 'p', owner: 'o', id: 'i', endsAt: now() + 60 }, ...more });

beforeAll(async () => {
  database = await createTestDatabase([{ schema: 'notes', migrations: [Once1700000000000] }]);
  one = await database.connect('notes');
  replays = new Replays(one, () => undefined);
});
afterAll(() => database.drop());

it('CA-23 what is used at the same time, by two instances, is used once', async () => {
  const other = new Replays(await database.connect('notes'), () => undefined);
  const endsAt = now() + 60;
  const uses = await Promise.all(Array.from({ length: 40 }, (_, i) => use({ endsAt }, i % 2 ? replays : other)));
  expect(uses.filter(Boolean)).toHaveLength(1);
});

it('CA-23 it is another for another organization, purpose or owner', async () => {
  const endsAt = now() + 60;
  for (const more of [{ organizationId: B }, { purpose: 'q' }, { owner: 'p' }, { id: 'j' }])
    expect([await use({ endsAt, ...more }), await use({ endsAt, ...more })]).toEqual([true, false]);
});

it('CA-23 there is room for all that ends within a day, and partitions that are over go', async () => {
  expect(await use({ id: 'late', endsAt: now() + MOST_REMEMBERED })).toBe(true);
  const old = 'used_once_1000';
  await asAdmin(database.adminUrl, (admin) =>
    admin.query(`SET search_path = notes; CREATE TABLE ${old} PARTITION OF used_once FOR VALUES IN (1000);
      INSERT INTO used_once VALUES ('${A}', 1000, 'x'); ALTER TABLE ${old} OWNER TO keyward_owner`),
  );
  await Promise.all([replays.keep(), use({ id: 'beside' })]);
  const { rows } = await asAdmin(database.adminUrl, (admin) => admin.query(`SELECT to_regclass('notes.${old}') AS it`));
  expect(rows).toEqual([{ it: null }]);
});
