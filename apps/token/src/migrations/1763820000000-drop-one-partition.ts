import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * One partition a call, so one a transaction: who drops several holds up every request that uses the first of their tables
 * until it has the last, and waits for such a request in turn.
 */
export class DropOnePartition1763820000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(DROP_PARTITIONS);
  }

  /** What was there before works as well, but for this. */
  async down(): Promise<void> {}
}

/** Of every partitioned table, by how long something of a day may be alive; the oldest first. */
const DROP_PARTITIONS = `
  CREATE OR REPLACE FUNCTION drop_partitions(p_days int) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = token, pg_temp SET lock_timeout = '500ms' AS $$
  DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    part text;
  BEGIN
    PERFORM pg_advisory_xact_lock('make_partitions'::regproc::int);
    FOR part IN
      SELECT inhrelid::regclass::text FROM pg_inherits
        JOIN pg_partitioned_table ON partrelid = inhparent JOIN pg_class p ON p.oid = inhparent
      WHERE p.relnamespace = 'token'::regnamespace
        AND to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')
          < today - CASE p.relname WHEN 'refresh_families' THEN greatest(p_days, 2)
            WHEN 'sessions' THEN 32 WHEN 'session_grants' THEN greatest(p_days, 32) ELSE 2 END
      ORDER BY right(inhrelid::regclass::text, 8) LIMIT 1
    LOOP
      EXECUTE format('DROP TABLE %s', part);
      RETURN NEXT part;
    END LOOP;
  END $$;
`;
