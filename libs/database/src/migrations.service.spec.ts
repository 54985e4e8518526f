import { asAdmin, createTestDatabase, startPostgres, type TestPostgres } from '@keyward/testing';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { createDataSource, createDatabase, migrate, prepareDatabase, query, serviceUrl } from './index';
import { notes } from './notes.fixture';

let postgres: TestPostgres;
beforeAll(async () => (postgres = await startPostgres()));
afterAll(() => postgres.stop());

class Fails1700000000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`CREATE TABLE half (id int)`);
    await queryRunner.query(`SELECT 1 / 0`);
  }
  async down(): Promise<void> {
    // It never comes up.
  }
}

it('preparing and migrating twice at once does it once', async () => {
  const adminUrl = await createDatabase(postgres.adminUrl, 'twice');
  const prepare = () => prepareDatabase(adminUrl, [{ schema: 'notes', password: 'first' }]);
  await Promise.all([prepare(), prepare()]);
  const run = () => migrate({ adminUrl, service: notes });
  const done = await Promise.all([run(), run(), run()]);
  expect(done.map(({ length }) => length).sort()).toEqual([0, 0, 1]);
});

it('a changed password is applied, and the one before ends', async () => {
  const adminUrl = await createDatabase(postgres.adminUrl, 'passwords');
  const connect = async (password: string) => {
    const url = serviceUrl(adminUrl, { schema: 'notes', password });
    const dataSource = await createDataSource({ url, schema: 'notes' }).initialize();
    const [row] = await query<{ path: string }>(dataSource, 'path', `SELECT current_schema AS path`, []);
    await dataSource.destroy();
    return row?.path;
  };
  await prepareDatabase(adminUrl, [{ schema: 'notes', password: 'öne / two@three' }]);
  expect(await connect('öne / two@three')).toBe('notes');
  await prepareDatabase(adminUrl, [{ schema: 'notes', password: 'next' }]);
  expect(await connect('next')).toBe('notes');
  await expect(connect('öne / two@three')).rejects.toMatchObject({ code: '28P01' });
});

it('everything migrations make belongs to the owner, who cannot log in', async () => {
  const database = await createTestDatabase([notes], postgres.adminUrl);
  const owners = await asAdmin(database.adminUrl, async (admin) => {
    const { rows } = await admin.query(`SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'notes'`);
    return rows;
  });
  expect(owners).toEqual([{ tableowner: 'keyward_owner' }]);
  await database.drop();
});

it('backups read the rows of every organization, which the owner does not, and change none', async () => {
  const database = await createTestDatabase([notes], postgres.adminUrl);
  const count = `SELECT count(*)::int FROM notes.books`;
  await asAdmin(database.adminUrl, async (admin) => {
    await admin.query(
      `INSERT INTO notes.books SELECT gen_random_uuid(), gen_random_uuid(), 'a' FROM generate_series(1, 2)`,
    );
    await admin.query('SET ROLE keyward_owner');
    expect((await admin.query(count)).rows).toEqual([{ count: 0 }]);
    await admin.query('SET ROLE keyward_backup');
    expect((await admin.query(count)).rows).toEqual([{ count: 2 }]);
    await expect(admin.query('DELETE FROM notes.books')).rejects.toMatchObject({ code: '42501' });
    const logins = await admin.query(`SELECT rolcanlogin FROM pg_roles WHERE rolname = 'keyward_backup'`);
    expect(logins.rows).toEqual([{ rolcanlogin: false }]);
  });
  await database.drop();
});

it('an administrator who is no superuser prepares a database without the role for backups', async () => {
  const managed = await startPostgres();
  try {
    await asAdmin(managed.adminUrl, async (admin) => {
      await admin.query(`CREATE ROLE administrator LOGIN CREATEROLE PASSWORD 'managed'`);
      await admin.query('ALTER DATABASE postgres OWNER TO administrator');
      await admin.query('ALTER SCHEMA public OWNER TO administrator');
    });
    const url = new URL(managed.adminUrl);
    [url.username, url.password] = ['administrator', 'managed'];
    await prepareDatabase(url.href, [{ schema: 'notes', password: 'first' }]);
    const roles = await asAdmin(managed.adminUrl, (admin) =>
      admin.query(`SELECT rolname FROM pg_roles WHERE rolname LIKE 'keyward%' ORDER BY 1`),
    );
    expect(roles.rows.map(({ rolname }) => rolname as string)).toEqual([
      ...['keyward_notes', 'keyward_notes_lookup', 'keyward_owner'],
    ]);
  } finally {
    await managed.stop();
  }
});

it('a migration that fails leaves nothing half done', async () => {
  const database = await createTestDatabase([notes], postgres.adminUrl);
  const failing = { schema: 'notes', migrations: [...notes.migrations, Fails1700000000001] };
  await expect(migrate({ adminUrl: database.adminUrl, service: failing })).rejects.toThrow(/division by zero/);
  const half = await asAdmin(database.adminUrl, (admin) => admin.query(`SELECT to_regclass('notes.half') AS half`));
  expect(half.rows).toEqual([{ half: null }]);
  await database.drop();
});
