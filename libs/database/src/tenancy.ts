import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import type { Client } from 'pg';
import { query } from './data-source';
import { isBroken, toThrow, unavailable } from './failures';

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
      // TypeORM has released it by itself: the connection was lost, and every statement since has failed for that.
      if (runner.isReleased) throw unavailable('the connection was lost in a transaction');
      await abandon(runner, connection, error);
      throw error;
    }
  } catch (error) {
    throw toThrow(error);
  } finally {
    await runner.release();
  }
}

/** Rolls back, or, where that cannot be had at once, closes the connection: nobody else may get it with a transaction open. */
async function abandon(runner: QueryRunner, connection: Client, error: unknown): Promise<void> {
  const rolledBack =
    !isBroken(error) &&
    (await runner.rollbackTransaction().then(
      () => true,
      () => false,
    ));
  if (!rolledBack) void connection.end().catch(() => undefined);
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
): Promise<Row[]> => query<Row>(dataSource, name, selectInOrganization(select), params);

/** The statement of `queryInOrganization`. */
export const selectInOrganization = (select: string): string =>
  `SELECT found.* FROM set_config('app.organization', $1::uuid::text, true) AS organization,
     LATERAL (SELECT * FROM (${select}) AS asked WHERE organization IS NOT NULL OFFSET 0) AS found`;

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
