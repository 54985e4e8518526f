import { createReplays, dropReplays } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The DPoP proofs that have been used (RFC 9449 §11.1). Their partitions are not of days, and kept by functions of their own. */
export class UsedOnce1763920000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(MAKE_PARTITIONS);
    await runner.query(DROP_PARTITIONS);
    await createReplays(runner);
  }

  /** What was there before works as well, without the table. */
  async down(runner: QueryRunner): Promise<void> {
    await dropReplays(runner);
  }
}

/** As before, of every table that is partitioned by its `day`. */
const MAKE_PARTITIONS = `
  CREATE OR REPLACE FUNCTION make_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = token, pg_temp SET lock_timeout = '1s' AS $$
  DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    own text := $own$organization_id = NULLIF(current_setting('app.organization', true), '')::uuid$own$;
    parent text;
    part text;
    day date;
  BEGIN
    PERFORM pg_advisory_xact_lock('make_partitions'::regproc::int);
    FOR parent IN SELECT relname FROM pg_partitioned_table JOIN pg_class ON oid = partrelid
        JOIN pg_attribute ON attrelid = oid AND attname = 'day'
        WHERE relnamespace = 'token'::regnamespace ORDER BY relname LOOP
      FOR day IN SELECT today + ahead FROM generate_series(-1, 3) AS ahead LOOP
        part := parent || to_char(day, '_YYYYMMDD');
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING CONSTRAINTS INCLUDING INDEXES) WITH (fillfactor = 80)',
          part, parent);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE POLICY organization ON %I TO keyward_token USING (%s) WITH CHECK (%s)', part, own, own);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, keyward_token', part);
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES IN (%L)', parent, part, day);
      END LOOP;
    END LOOP;
  END $$;
`;

/** The same; a name without a day gives no date, whichever condition is looked at first. */
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
        JOIN pg_attribute ON attrelid = inhparent AND attname = 'day'
      WHERE p.relnamespace = 'token'::regnamespace
        AND to_date(substring(inhrelid::regclass::text FROM '_([0-9]{8})$'), 'YYYYMMDD')
          < today - CASE p.relname WHEN 'refresh_families' THEN greatest(p_days, 2)
            WHEN 'sessions' THEN 32 WHEN 'session_grants' THEN greatest(p_days, 32) ELSE 2 END
      ORDER BY right(inhrelid::regclass::text, 8) LIMIT 1
    LOOP
      EXECUTE format('DROP TABLE %s', part);
      RETURN NEXT part;
    END LOOP;
  END $$;
`;
