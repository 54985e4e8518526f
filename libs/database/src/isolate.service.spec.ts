import { asAdmin, checkIsolation, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { notes } from './notes.fixture';

let database: TestDatabase;
beforeAll(async () => (database = await createTestDatabase([notes])));
afterAll(() => database.drop());

/** Takes back whatever a case below has done. */
const UNDO = `
  DROP TABLE IF EXISTS bad; DROP INDEX IF EXISTS bad_index; DROP FUNCTION IF EXISTS bad_function; DROP POLICY IF EXISTS bad ON books;
  DROP VIEW IF EXISTS bad_view; ALTER TABLE notes DROP CONSTRAINT IF EXISTS bad; ALTER TABLE books FORCE ROW LEVEL SECURITY;
  REVOKE ALL ON books FROM PUBLIC; REVOKE SELECT (title) ON books FROM PUBLIC; REVOKE TRUNCATE ON books FROM keyward_notes;
  DROP POLICY IF EXISTS organization ON books;
  CREATE POLICY organization ON books TO keyward_notes
    USING (organization_id = NULLIF(current_setting('app.organization', true), '')::uuid)
    WITH CHECK (organization_id = NULLIF(current_setting('app.organization', true), '')::uuid)`;

const walk = () => checkIsolation(database.adminUrl, ['notes'], {});
const change = (sql: string) =>
  asAdmin(database.adminUrl, (admin) => admin.query(`SET ROLE keyward_owner; SET search_path = notes; ${sql}`));

it('D.4 7 finds nothing in what the migration helpers make', async () => {
  expect(await walk()).toEqual([]);
});

it.each([
  ['a table without an organization', `CREATE TABLE bad (id int)`, 'neither'],
  ['a table that is not isolated', `CREATE TABLE bad (organization_id uuid PRIMARY KEY)`, 'not under FORCE'],
  ['a table without FORCE', `ALTER TABLE books NO FORCE ROW LEVEL SECURITY`, 'not under FORCE'],
  ['a second policy', `CREATE POLICY bad ON books TO keyward_notes USING (true) WITH CHECK (true)`, 'opens it further'],
  ['a policy for everyone', `CREATE POLICY bad ON books USING (true)`, 'opens it further'],
  ['a policy without WITH CHECK', `DROP POLICY organization ON books`, 'no policy'],
  ['a unique index over all', `CREATE UNIQUE INDEX bad_index ON notes (code)`, 'key that does not lead'],
  [
    'a foreign key without the organization',
    `ALTER TABLE notes ADD CONSTRAINT bad FOREIGN KEY (book_id, organization_id) REFERENCES books (organization_id, id)`,
    'foreign key',
  ],
  ['a grant to everyone', `GRANT SELECT ON books TO PUBLIC`, 'granted to everyone'],
  ['a grant of a column to everyone', `GRANT SELECT (title) ON books TO PUBLIC`, 'granted to everyone'],
  ['a grant beyond rows', `GRANT TRUNCATE ON books TO keyward_notes`, 'beyond its own rows'],
  [
    'a function for everyone',
    `CREATE FUNCTION bad_function() RETURNS int LANGUAGE sql RETURN 1; GRANT EXECUTE ON FUNCTION bad_function TO PUBLIC`,
    'everyone',
  ],
  [
    'a definer function without a path',
    `CREATE FUNCTION bad_function() RETURNS int LANGUAGE sql SECURITY DEFINER RETURN 1`,
    'search_path',
  ],
  ['a view of its owner', `CREATE VIEW bad_view AS SELECT 1 AS one`, 'sees as its owner'],
  [
    'a partition that is open',
    `CREATE TABLE bad (organization_id uuid, day date) PARTITION BY RANGE (day);
     CREATE TABLE bad_one PARTITION OF bad DEFAULT; GRANT SELECT ON bad_one TO keyward_notes`,
    'reached directly',
  ],
])('D.4 7 finds %s', async (_what, sql, said) => {
  await change(sql);
  try {
    expect((await walk()).join('\n')).toContain(said);
  } finally {
    await change(UNDO);
  }
  expect(await walk()).toEqual([]);
});
