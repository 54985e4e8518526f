import type { QueryRunner } from 'typeorm';

/** The role a service connects as. */
export const serviceRole = (schema: string): string => `keyward_${schema}`;

/** The role, which nobody can log in as, that finds a row before its organization is known. */
export const lookupRole = (schema: string): string => `keyward_${schema}_lookup`;

/** The schema that a migration changes; its role names follow from it. */
export function schemaOf({ dataSource }: QueryRunner): string {
  const { schema } = dataSource.options as { schema?: string };
  if (!schema) throw new Error('a migration needs a data source with a schema');
  return schema;
}

/** Migration: puts a table with `organization_id` under row-level security and opens it to the service's role. */
export async function isolate(queryRunner: QueryRunner, table: string): Promise<void> {
  // After a transaction that set it, the setting is '' and not NULL (standards.md D.4 2): a bare cast would throw.
  const own = `organization_id = NULLIF(current_setting('app.organization', true), '')::uuid`;
  const role = serviceRole(schemaOf(queryRunner));
  await queryRunner.query(`ALTER TABLE ${table} ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY`);
  await queryRunner.query(`CREATE POLICY organization ON ${table} TO ${role} USING (${own}) WITH CHECK (${own})`);
  await open(queryRunner, table);
}

/** Migration: opens a table outside the tenant rule to the service's role; it needs a reason in the list of exceptions. */
export async function open(queryRunner: QueryRunner, table: string): Promise<void> {
  const role = serviceRole(schemaOf(queryRunner));
  await queryRunner.query(`GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`);
}

/** A function that finds a row of any organization, and the columns it may read for that. */
export interface Lookup {
  /** `find_client(client_id text)` */
  signature: string;
  /** `TABLE (organization_id uuid)` */
  returns: string;
  /** One SQL statement. */
  body: string;
  /** Table to the columns the lookup role may read of it. */
  reads: Readonly<Record<string, readonly string[]>>;
}

/**
 * Migration: makes a function of the lookup role, with a policy of its own on just these columns. (A `SECURITY DEFINER`
 * function of the tables' owner would see nothing under `FORCE`.)
 */
export async function createLookup(
  queryRunner: QueryRunner,
  { signature, returns, body, reads }: Lookup,
): Promise<void> {
  const schema = schemaOf(queryRunner);
  const role = lookupRole(schema);
  for (const [table, columns] of Object.entries(reads)) {
    await queryRunner.query(`GRANT SELECT (${columns.join(', ')}) ON ${table} TO ${role}`);
    await queryRunner.query(`DROP POLICY IF EXISTS lookup ON ${table}`);
    await queryRunner.query(`CREATE POLICY lookup ON ${table} FOR SELECT TO ${role} USING (true)`);
  }
  await queryRunner.query(
    `CREATE FUNCTION ${signature} RETURNS ${returns} LANGUAGE sql STABLE SECURITY DEFINER
       SET search_path = ${schema}, pg_temp AS $body$ ${body} $body$`,
  );
  await queryRunner.query(`GRANT EXECUTE ON FUNCTION ${signature} TO ${serviceRole(schema)}`);
  // A function's new owner must be able to create in its schema, at that moment only.
  await queryRunner.query(`GRANT CREATE ON SCHEMA ${schema} TO ${role}`);
  await queryRunner.query(`ALTER FUNCTION ${signature} OWNER TO ${role}`);
  await queryRunner.query(`REVOKE CREATE ON SCHEMA ${schema} FROM ${role}`);
}
