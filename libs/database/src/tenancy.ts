import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Client } from 'pg';
import { query } from './data-source';
import { isBroken, toThrow } from './failures';

/**
 * One transaction that sees and writes the rows of one organization only. Throws `temporarily_unavailable` when PostgreSQL
 * is away or hangs, else what `work` throws.
 */
export async function inOrganization<T>(
  dataSource: DataSource,
  organizationId: string,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  return inTransaction(dataSource, async (manager) => {
    // Local to the transaction (the third argument), so that a pooled connection carries nothing to its next user.
    await manager.query(`SELECT set_config('app.organization', $1, true)`, [organizationId]);
    return work(manager);
  });
}

/** One transaction without an organization: it sees only tables outside the tenant rule. Fails as `inOrganization` does. */
export async function inTransaction<T>(
  dataSource: DataSource,
  work: (manager: EntityManager) => Promise<T>,
): Promise<T> {
  const runner = dataSource.createQueryRunner();
  try {
    const connection = (await runner.connect()) as Client;
    try {
      await runner.startTransaction();
      const result = await work(runner.manager);
      await runner.commitTransaction();
      return result;
    } catch (error) {
      // Asking a lost or hung server to roll back would only wait once more: closing the connection does it.
      if (isBroken(error)) void connection.end().catch(() => undefined);
      else if (runner.isTransactionActive) await runner.rollbackTransaction();
      throw error;
    }
  } catch (error) {
    throw toThrow(error);
  } finally {
    await runner.release();
  }
}

/**
 * A `SELECT` in one organization in one round trip: a named prepared statement whose `$1` is the organization. The
 * lateral join makes PostgreSQL set the organization before it reads a row, and the setting ends with the statement.
 */
export const queryInOrganization = <Row>(
  dataSource: DataSource,
  name: string,
  select: string,
  params: [organizationId: string, ...rest: unknown[]],
): Promise<Row[]> =>
  query<Row>(
    dataSource,
    name,
    `SELECT found.* FROM set_config('app.organization', $1::uuid::text, true) AS organization,
       LATERAL (SELECT * FROM (${select}) AS asked WHERE organization IS NOT NULL OFFSET 0) AS found`,
    params,
  );

/** Refuses a role that row-level security does not hold: superuser, `BYPASSRLS`, an owner, or a member of one of these. */
export async function assertUnprivileged(dataSource: DataSource): Promise<void> {
  const [role] = await query<{ name: string; bypasses: boolean; owns: boolean }>(
    dataSource,
    'assert-unprivileged',
    `SELECT current_user AS name,
       EXISTS (SELECT FROM pg_roles WHERE (rolsuper OR rolbypassrls) AND pg_has_role(oid, 'MEMBER')) AS bypasses,
       EXISTS (SELECT FROM pg_namespace WHERE nspname = current_schema AND pg_has_role(nspowner, 'MEMBER'))
         OR EXISTS (SELECT FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
              WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' AND pg_has_role(relowner, 'MEMBER')) AS owns`,
    [],
  );
  if (!role || role.bypasses || role.owns)
    throw new Error(
      `The database role ${role?.name ?? ''} could bypass row-level security: connect as the service's own`,
    );
}

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
