import type { Feed } from '@keyward/contracts';
import type { EntityManager, QueryRunner } from 'typeorm';
import { open, schemaOf, serviceRole } from './isolate';

/** Migration: the tables of the service's feeds and `append_change`, which functions of the hot path may call as well. */
export async function createFeedTables(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`CREATE TABLE feed_positions (feed text PRIMARY KEY, position bigint NOT NULL)`);
  await queryRunner.query(
    `CREATE TABLE feed_changes (feed text, position bigint, id text NOT NULL, record jsonb, at timestamptz NOT NULL,
       PRIMARY KEY (feed, position))`,
  );
  // The row lock on the feed's position is held until the writer commits, so positions become visible in their order.
  await queryRunner.query(
    `CREATE FUNCTION append_change(feed_name text, record_id text, new_record jsonb) RETURNS bigint LANGUAGE sql AS $$
       WITH next AS (
         INSERT INTO feed_positions AS last VALUES (feed_name, 1)
           ON CONFLICT (feed) DO UPDATE SET position = last.position + 1 RETURNING position)
       INSERT INTO feed_changes SELECT feed_name, position, record_id, new_record, clock_timestamp() FROM next
         RETURNING position $$`,
  );
  await queryRunner.query(
    `GRANT EXECUTE ON FUNCTION append_change(text, text, jsonb) TO ${serviceRole(schemaOf(queryRunner))}`,
  );
  for (const table of ['feed_positions', 'feed_changes']) await open(queryRunner, table);
}

/**
 * Appends a record's newest state (`null`: it is gone) in the transaction that changes it; answers its position. Do it last:
 * other writers of the feed wait until the transaction ends.
 */
export async function appendChange<R extends object>(
  manager: Pick<EntityManager, 'query'>,
  { name }: Pick<Feed<R>, 'name'>,
  id: string,
  record: R | null,
): Promise<number> {
  const [row] = await manager.query<{ position: string }[]>(`SELECT append_change($1, $2, $3) AS position`, [
    name,
    id,
    record && JSON.stringify(record),
  ]);
  return Number(row?.position);
}
