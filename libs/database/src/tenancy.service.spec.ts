import { asAdmin, createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import {
  assertUnprivileged,
  createDataSource,
  inOrganization,
  inTransaction,
  isDuplicate,
  query,
  queryInOrganization,
} from './index';
import { notes } from './notes.fixture';

const A = '00000000-0000-7000-8000-00000000000a';
const B = '00000000-0000-7000-8000-00000000000b';
const BOOK = '11111111-0000-7000-8000-000000000001';

let database: TestDatabase;
let dataSource: DataSource;
/** One connection, so that every test meets what the one before has left on it. */
let pooled: DataSource;

const texts = (rows: { text: string }[]) => rows.map(({ text }) => text).sort();
const addNote = (source: DataSource, organization: string, text: string) =>
  inOrganization(source, organization, (manager) =>
    manager.query(`INSERT INTO notes (organization_id, code, text) VALUES ($1, $2, $2)`, [organization, text]),
  );

beforeAll(async () => {
  database = await createTestDatabase([notes]);
  dataSource = await database.connect('notes');
  pooled = await database.connect('notes', { poolSize: 1 });
  await addNote(dataSource, A, 'of a');
  await addNote(dataSource, B, 'of b');
});
afterAll(() => database.drop());

describe('MT-40 a statement that forgets the organization', () => {
  it('MT-40 reads the rows of its own organization only', async () => {
    const rows = await inOrganization(dataSource, A, (manager) => manager.query(`SELECT text FROM notes`));
    expect(texts(rows)).toEqual(['of a']);
  });

  it('MT-40 changes and deletes the rows of its own organization only', async () => {
    const written = await inOrganization(dataSource, A, async (manager) => [
      await manager.query(`UPDATE notes SET code = code`),
      await manager.query(`DELETE FROM notes WHERE organization_id = $1`, [B]),
    ]);
    expect(written.map(([, affected]) => affected)).toEqual([1, 0]);
  });

  it('D.4 2 reads nothing without an organization, on a new connection and on a used one', async () => {
    const fresh = await database.connect('notes', { poolSize: 1 });
    const all = () => query(fresh, 'all-notes', `SELECT * FROM notes`, []);
    expect(await all()).toEqual([]);
    await inOrganization(fresh, A, (manager) => manager.query(`SELECT 1`));
    expect(await all()).toEqual([]);
    expect(await inTransaction(fresh, (manager) => manager.query(`SELECT * FROM notes`))).toEqual([]);
  });

  it('D.4 4 cannot write into another organization', async () => {
    const move = `UPDATE notes SET organization_id = $1`;
    await expect(inOrganization(dataSource, A, (manager) => manager.query(move, [B]))).rejects.toMatchObject({
      code: '42501',
    });
    const add = `INSERT INTO notes (organization_id) VALUES ($1)`;
    await expect(inOrganization(dataSource, A, (manager) => manager.query(add, [B]))).rejects.toMatchObject({
      code: '42501',
    });
  });
});

describe('MT-41 one pooled connection, used by one organization after the other', () => {
  const own = (organization: string) =>
    inOrganization(pooled, organization, (manager) => manager.query(`SELECT text FROM notes`)).then(texts);
  const ownPrepared = (organization: string) =>
    queryInOrganization<{ text: string }>(
      pooled,
      'own-notes',
      `SELECT text FROM notes WHERE organization_id = $1 OR code <> $2`,
      [organization, ''],
    ).then(texts);

  it('MT-41 leaks nothing after a commit', async () => {
    expect(await own(A)).toEqual(['of a']);
    expect(await own(B)).toEqual(['of b']);
  });

  it('MT-41 leaks nothing after an error and after a rollback', async () => {
    await expect(inOrganization(pooled, A, (manager) => manager.query(`SELECT 1 / 0`))).rejects.toMatchObject({
      code: '22012',
    });
    expect(await query(pooled, 'none', `SELECT * FROM notes`, [])).toEqual([]);
    const failed = inOrganization(pooled, A, () => Promise.reject(new Error('changed its mind')));
    await expect(failed).rejects.toThrow('changed its mind');
    expect(await own(B)).toEqual(['of b']);
  });

  it('MT-41 leaks nothing with a prepared statement, also once its plan is kept', async () => {
    for (let i = 0; i < 12; i++) {
      expect(await ownPrepared(i % 2 ? A : B)).toEqual([i % 2 ? 'of a' : 'of b']);
      expect(await query(pooled, 'none', `SELECT * FROM notes`, [])).toEqual([]);
    }
    const [plans] = await query<{ kept: string }>(
      pooled,
      'plans',
      `SELECT generic_plans AS kept FROM pg_prepared_statements WHERE name = 'own-notes'`,
      [],
    );
    expect(Number(plans?.kept)).toBeGreaterThan(0);
  });

  it('MT-42 an organization that is no UUID is refused, not run', async () => {
    const attack = `'; SET app.organization = '${B}'; --`;
    await expect(own(attack)).rejects.toMatchObject({ code: '22P02' });
    await expect(ownPrepared(attack)).rejects.toMatchObject({ code: '22P02' });
    expect(await query(pooled, 'none', `SELECT * FROM notes`, [])).toEqual([]);
  });
});

describe('what row-level security does not cover (D.4 5)', () => {
  const addBook = (organization: string) =>
    inOrganization(dataSource, organization, (manager) =>
      manager.query(`INSERT INTO books VALUES ($1, $2, 'title')`, [organization, BOOK]),
    );

  it('D.4 5 the same id in two organizations is no conflict, so an id tells nothing', async () => {
    await addBook(A);
    await addBook(B);
    const again = addBook(A);
    await expect(again).rejects.toMatchObject({ code: '23505' });
    expect(await again.catch((error: unknown) => isDuplicate(error, 'books_pkey'))).toBe(true);
  });

  it('D.4 5 a foreign key cannot name a row of another organization', async () => {
    const other = '11111111-0000-7000-8000-000000000002';
    await inOrganization(dataSource, B, (manager) =>
      manager.query(`INSERT INTO books VALUES ($1, $2, 'only of b')`, [B, other]),
    );
    const refer = inOrganization(dataSource, A, (manager) =>
      manager.query(`INSERT INTO notes (organization_id, book_id) VALUES ($1, $2)`, [A, other]),
    );
    await expect(refer).rejects.toMatchObject({ code: '23503' });
  });

  it('an error carries neither the row nor the parameters', async () => {
    const error = await inOrganization(dataSource, A, (manager) =>
      manager.query(`INSERT INTO books VALUES ($1, $2, NULL)`, [A, '11111111-0000-7000-8000-000000000003']),
    ).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: '23502' });
    expect(JSON.stringify(error)).not.toContain('000000000003');
  });
});

describe('D.4 8 a lookup before the organization is known', () => {
  it('D.4 8 finds the organization and cannot be used to read more', async () => {
    expect(await query(dataSource, 'find', `SELECT * FROM find_note($1)`, ['of b'])).toEqual([{ organization_id: B }]);
    const read = `SELECT text FROM notes`;
    await asAdmin(database.adminUrl, async (admin) => {
      await admin.query(`SET ROLE keyward_notes_lookup`);
      await expect(admin.query(`SET search_path = notes`).then(() => admin.query(read))).rejects.toMatchObject({
        code: '42501',
      });
    });
  });
});

describe('the roles', () => {
  it('D.4 1 the service’s own role is accepted', async () => {
    await expect(assertUnprivileged(dataSource)).resolves.toBeUndefined();
  });

  it('D.4 1 superuser and owner are refused', async () => {
    const superuser = await createDataSource({ url: database.adminUrl, schema: 'notes' }).initialize();
    await expect(assertUnprivileged(superuser)).rejects.toThrow(/postgres could bypass/);
    await superuser.destroy();

    await asAdmin(database.adminUrl, (admin) => admin.query(`GRANT keyward_owner TO keyward_notes`));
    await expect(assertUnprivileged(dataSource)).rejects.toThrow(/keyward_notes could bypass/);
    await asAdmin(database.adminUrl, (admin) => admin.query(`REVOKE keyward_owner FROM keyward_notes`));
  });

  it('D.4 1 the owner itself sees no row under FORCE', async () => {
    await asAdmin(database.adminUrl, async (admin) => {
      await admin.query(`SET ROLE keyward_owner`);
      expect((await admin.query(`SELECT * FROM notes.notes`)).rows).toEqual([]);
    });
  });

  it.each([`CREATE TABLE mine (id int)`, `CREATE TEMP TABLE mine (id int)`, `TRUNCATE notes`, `DROP TABLE notes`])(
    'D.4 1 the service’s role may not %s',
    async (sql) => {
      await expect(query(dataSource, sql, sql, [])).rejects.toMatchObject({ code: '42501' });
    },
  );
});
