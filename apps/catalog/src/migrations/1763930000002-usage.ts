import { isolate, schemaOf, serviceRole } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long it is known how often an API was called, days. */
const KEPT_DAYS = 92;

/** Calls, counted; in partitions by day, which the service makes and drops by a function of the owner and no other way. */
export class Usage1763930000002 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    const schema = schemaOf(queryRunner);
    const role = serviceRole(schema);
    await queryRunner.query(`
      CREATE TABLE usage (
        organization_id uuid NOT NULL,
        slot timestamptz NOT NULL,
        gateway uuid NOT NULL,
        api_id uuid NOT NULL,
        application_id uuid NOT NULL,
        resource text COLLATE "C" NOT NULL,
        status int NOT NULL,
        requests bigint NOT NULL,
        bytes bigint NOT NULL,
        total_ms double precision NOT NULL,
        max_ms double precision NOT NULL,
        latencies bigint[] NOT NULL,
        PRIMARY KEY (organization_id, slot, gateway, api_id, application_id, resource, status)
      ) PARTITION BY RANGE (slot);
      COMMENT ON COLUMN usage.application_id IS 'all zeros: nobody was identified'`);
    await isolate(queryRunner, 'usage');
    await queryRunner.query(RECORD);
    await queryRunner.query(keep(schema, role));
    await queryRunner.query(`GRANT EXECUTE ON FUNCTION record_usage, keep_usage TO ${role}`);
    await queryRunner.query('SELECT keep_usage()');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION record_usage, keep_usage; DROP TABLE usage');
  }
}

// A gateway says all of a slot each time, so that nothing is counted twice. What its clock has far from now has no partition.
const RECORD = `
  CREATE FUNCTION record_usage(p_organization uuid, p_gateway uuid, p_counts jsonb) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    INSERT INTO usage AS u
      SELECT p_organization, to_timestamp(c.slot / 1000), p_gateway, c."apiId",
          coalesce(c."applicationId", '00000000-0000-0000-0000-000000000000'), c.resource, c.status, c.requests, c.bytes,
          c."totalMs", c."maxMs", ARRAY(SELECT jsonb_array_elements_text(c.latencies)::bigint)
        FROM jsonb_to_recordset(p_counts) AS c (slot double precision, "apiId" uuid, "applicationId" uuid, resource text,
          status int, requests bigint, bytes bigint, "totalMs" double precision, "maxMs" double precision, latencies jsonb)
        WHERE to_timestamp(c.slot / 1000) BETWEEN now() - interval '1 day' AND now() + interval '1 day'
      ON CONFLICT (organization_id, slot, gateway, api_id, application_id, resource, status) DO UPDATE
        SET requests = excluded.requests, bytes = excluded.bytes, total_ms = excluded.total_ms, max_ms = excluded.max_ms,
          latencies = excluded.latencies
        WHERE excluded.requests > u.requests;
  END $$`;

const keep = (schema: string, role: string): string => `
  CREATE FUNCTION keep_usage() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = ${schema}, pg_temp SET lock_timeout = '500ms' SET timezone = 'UTC' AS $$
  DECLARE
    own text := $own$organization_id = NULLIF(current_setting('app.organization', true), '')::uuid$own$;
    part text;
    each date;
  BEGIN
    PERFORM pg_advisory_xact_lock('keep_usage'::regproc::int);
    FOR each IN SELECT generate_series(now()::date - 2, now()::date + 3, interval '1 day') LOOP
      part := 'usage_' || to_char(each, 'YYYYMMDD');
      CONTINUE WHEN to_regclass(part) IS NOT NULL;
      EXECUTE format('CREATE TABLE %I (LIKE usage INCLUDING CONSTRAINTS INCLUDING INDEXES)', part);
      EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
      EXECUTE format('CREATE POLICY organization ON %I TO ${role} USING (%s) WITH CHECK (%s)', part, own, own);
      EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, ${role}', part);
      EXECUTE format('ALTER TABLE usage ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', part, each, each + 1);
    END LOOP;
    FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'usage'::regclass
        AND to_date(right(inhrelid::regclass::text, 8), 'YYYYMMDD') < now()::date - ${KEPT_DAYS} LOOP
      EXECUTE format('DROP TABLE %s', part);
    END LOOP;
  END $$`;
