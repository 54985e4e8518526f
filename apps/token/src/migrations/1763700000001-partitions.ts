import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Lets the service ask for the partitions of the days around now and for the end of old ones. It owns nothing, so these
 * are functions of the owner, which do this and nothing else. Days are the database's own and not an argument: the
 * service's role cannot have today's tokens dropped.
 */
export class Partitions1763700000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(MAKE_PARTITIONS + DROP_PARTITIONS);
    await runner.query(`GRANT EXECUTE ON FUNCTION make_partitions, drop_partitions TO keyward_token`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP FUNCTION make_partitions, drop_partitions`);
  }
}

/**
 * Yesterday to three days ahead. A partition asked for by its own name is not under its parent's policy: it has the same
 * one itself and is open to nobody. It is made apart and attached, which does not wait for those who use the parent.
 */
const MAKE_PARTITIONS = `
  CREATE FUNCTION make_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = token, pg_temp SET lock_timeout = '1s' AS $$
  DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    own text := $own$organization_id = NULLIF(current_setting('app.organization', true), '')::uuid$own$;
    parent text;
    part text;
    day date;
  BEGIN
    PERFORM pg_advisory_xact_lock('make_partitions'::regproc::int);
    FOREACH parent IN ARRAY ARRAY['refresh_families', 'access_tokens', 'revoked_tokens'] LOOP
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

/** Drops families \`p_days\` (two at least) after their day, access tokens after two: none lives longer than a day. */
const DROP_PARTITIONS = `
  CREATE FUNCTION drop_partitions(p_days int) RETURNS SETOF text LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = token, pg_temp SET lock_timeout = '500ms' AS $$
  DECLARE
    today date := (now() AT TIME ZONE 'UTC')::date;
    part text;
  BEGIN
    PERFORM pg_advisory_xact_lock('make_partitions'::regproc::int);
    FOR part IN
      SELECT inhrelid::regclass::text FROM pg_inherits
      WHERE inhparent IN ('refresh_families'::regclass, 'access_tokens'::regclass, 'revoked_tokens'::regclass)
        AND to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD')
          < today - CASE inhparent WHEN 'refresh_families'::regclass THEN greatest(p_days, 2) ELSE 2 END
    LOOP
      EXECUTE format('DROP TABLE %s', part);
      RETURN NEXT part;
    END LOOP;
  END $$;
`;
