import { schemaOf, serviceRole } from '@keyward/database';
import type { QueryRunner } from 'typeorm';

/**
 * Migration: functions by which the service has the partitions made and dropped of every table that is partitioned by its
 * `day`. It owns nothing, so these are functions of the owner, which do this and nothing else. Days are the database's own and
 * not an argument: the service's role cannot have today's tokens dropped.
 *
 * Each call makes or drops one, so that each transaction does: who has several in hand holds up every request that uses the
 * first of their tables until it has the last, and keeps other instances, which start at the same time, waiting.
 */
export async function createDayPartitions(queryRunner: QueryRunner): Promise<void> {
  const schema = schemaOf(queryRunner);
  const role = serviceRole(schema);
  await queryRunner.query(makePartition(schema, role));
  await queryRunner.query(dropPartition(schema));
  await queryRunner.query(`GRANT EXECUTE ON FUNCTION make_partition, drop_partition TO ${role}`);
}

/** Migration: takes `createDayPartitions` back. */
export async function dropDayPartitions(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query('DROP FUNCTION make_partition, drop_partition');
}

/**
 * The first that is missing from yesterday to three days ahead; its name, or `NULL`. A partition asked for by its own name is
 * not under its parent's policy: it has the same one itself and is open to nobody. It is made apart and attached, which does
 * not wait for those who use the parent.
 */
const makePartition = (schema: string, role: string): string => `
  CREATE OR REPLACE FUNCTION make_partition() RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = ${schema}, pg_temp SET lock_timeout = '1s' AS $$
  DECLARE
    own text := $own$organization_id = NULLIF(current_setting('app.organization', true), '')::uuid$own$;
    parent text;
    part text;
    day date;
  BEGIN
    SELECT p.relname, d.day, p.relname || to_char(d.day, '_YYYYMMDD') INTO parent, day, part
      FROM pg_partitioned_table JOIN pg_class p ON p.oid = partrelid
        JOIN pg_attribute ON attrelid = partrelid AND attname = 'day',
        LATERAL (SELECT (now() AT TIME ZONE 'UTC')::date + ahead AS day FROM generate_series(-1, 3) AS ahead) d
      WHERE p.relnamespace = '${schema}'::regnamespace AND NOT EXISTS (SELECT FROM pg_class c
        WHERE c.relnamespace = p.relnamespace AND c.relname = p.relname || to_char(d.day, '_YYYYMMDD'))
      ORDER BY d.day, p.relname LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock('make_partition'::regproc::int);
    -- Not to_regclass, whose cache does not hear of another's commit while this waits for the lock.
    IF EXISTS (SELECT FROM pg_class WHERE relnamespace = '${schema}'::regnamespace AND relname = part) THEN
      RETURN part;
    END IF;
    EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING CONSTRAINTS INCLUDING INDEXES) WITH (fillfactor = 80)', part, parent);
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
    EXECUTE format('CREATE POLICY organization ON %I TO ${role} USING (%s) WITH CHECK (%s)', part, own, own);
    EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, ${role}', part);
    EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, part, day);
    RETURN part;
  END $$`;

/**
 * The oldest of which nothing is alive; its name, or `NULL`. Families live for `p_days` days after theirs (two at least), a
 * session for no more than 30, its grants as long as both; nothing else for more than a day.
 */
const dropPartition = (schema: string): string => `
  CREATE OR REPLACE FUNCTION drop_partition(p_days int) RETURNS text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = ${schema}, pg_temp SET lock_timeout = '500ms' AS $$
  DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    part text;
  BEGIN
    PERFORM pg_advisory_xact_lock('make_partition'::regproc::int);
    SELECT inhrelid::regclass::text INTO part FROM pg_inherits
        JOIN pg_class p ON p.oid = inhparent
        JOIN pg_attribute ON attrelid = inhparent AND attname = 'day'
      WHERE p.relnamespace = '${schema}'::regnamespace AND p.relkind = 'p'
        AND to_date(substring(inhrelid::regclass::text FROM '_([0-9]{8})$'), 'YYYYMMDD')
          < today - CASE p.relname WHEN 'refresh_families' THEN greatest(p_days, 2)
            WHEN 'sessions' THEN 32 WHEN 'session_grants' THEN greatest(p_days, 32) ELSE 2 END
      ORDER BY right(inhrelid::regclass::text, 8) LIMIT 1;
    IF NOT FOUND THEN RETURN NULL; END IF;
    EXECUTE format('DROP TABLE %s', part);
    RETURN part;
  END $$`;
