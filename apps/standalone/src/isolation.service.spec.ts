import { CATALOG_SCHEMA } from '@keyward/catalog';
import { DIRECTORY_EXCEPTIONS, DIRECTORY_SCHEMA } from '@keyward/directory';
import { KEY_MANAGER_EXCEPTIONS, KEY_MANAGER_SCHEMA } from '@keyward/key-manager';
import { asAdmin, checkIsolation, createTestDatabase, type TestDatabase } from '@keyward/testing';
import { TOKEN_EXCEPTIONS, TOKEN_SCHEMA } from '@keyward/token';

const SCHEMAS = [DIRECTORY_SCHEMA, KEY_MANAGER_SCHEMA, CATALOG_SCHEMA, TOKEN_SCHEMA];
const EXCEPTIONS = { ...DIRECTORY_EXCEPTIONS, ...KEY_MANAGER_EXCEPTIONS, ...TOKEN_EXCEPTIONS };
const names = SCHEMAS.map(({ schema }) => schema);

describe('D.4 7 the whole database, walked by its catalog', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await createTestDatabase(SCHEMAS)));
  afterAll(() => database.drop());

  it('has no table outside the rule but those with a reason', async () => {
    expect(await checkIsolation(database.adminUrl, names, EXCEPTIONS)).toEqual([]);
    expect(Object.values(EXCEPTIONS).every((reason) => reason.length > 10)).toBe(true);
  });

  it('is refused with one table that forgot its policy', async () => {
    await asAdmin(database.adminUrl, (admin) =>
      admin.query('CREATE TABLE token.forgotten (organization_id uuid, id uuid, PRIMARY KEY (organization_id, id))'),
    );
    expect((await checkIsolation(database.adminUrl, names, EXCEPTIONS)).join()).toContain('token.forgotten');
    await asAdmin(database.adminUrl, (admin) => admin.query('DROP TABLE token.forgotten'));
  });

  it('D.4 1 gives no service more than its own schema', async () => {
    const { rows } = await asAdmin(database.adminUrl, (admin) =>
      admin.query<{ role: string; schema: string }>(
        `SELECT r.rolname AS role, n.nspname AS schema FROM pg_roles r, pg_namespace n
           WHERE r.rolname = ANY($1) AND n.nspname = ANY($2) AND has_schema_privilege(r.oid, n.oid, 'USAGE') ORDER BY 1`,
        [names.map((name) => `keyward_${name}`), names],
      ),
    );
    expect(rows).toEqual([...names].sort().map((schema) => ({ role: `keyward_${schema}`, schema })));
  });
});
