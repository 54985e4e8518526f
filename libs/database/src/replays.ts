import { createHash } from 'node:crypto';
import type { DataSource, QueryRunner } from 'typeorm';
import { query } from './data-source';
import { Hourly } from './hourly';
import { isolate, schemaOf, serviceRole } from './isolate';
import { inTransaction } from './tenancy';

/** What is used up once is remembered with others that end in the same four hours, and forgotten with them. */
const SLOT_SECONDS = 14_400;
/** How far ahead of now what is used up may end, seconds: there are partitions for a day. */
export const MOST_REMEMBERED = 86_400;

/**
 * Migration: a table of what may be used once, such as the `jti` of an assertion, in partitions by when it ends anyway. The
 * service makes and drops them by functions of the owner, which do that and nothing else, by the database's own clock.
 */
export async function createReplays(queryRunner: QueryRunner): Promise<void> {
  const schema = schemaOf(queryRunner);
  const role = serviceRole(schema);
  await queryRunner.query(`
    CREATE TABLE used_once (
      organization_id uuid NOT NULL,
      slot int NOT NULL,
      hash bytea NOT NULL,
      PRIMARY KEY (organization_id, slot, hash)
    ) PARTITION BY LIST (slot);
    COMMENT ON COLUMN used_once.slot IS 'four hours, counted since 1970, in which it ends'`);
  await isolate(queryRunner, 'used_once');
  await queryRunner.query(`
    CREATE FUNCTION use_once(p_organization uuid, p_slot int, p_hash bytea) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM set_config('app.organization', p_organization::text, true);
      INSERT INTO used_once VALUES (p_organization, p_slot, p_hash) ON CONFLICT DO NOTHING;
      RETURN FOUND;
    END $$`);
  await queryRunner.query(`
    CREATE FUNCTION keep_used_once() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = ${schema}, pg_temp SET lock_timeout = '500ms' AS $$
    DECLARE
      this int := floor(extract(epoch FROM now()) / ${SLOT_SECONDS});
      own text := $own$organization_id = NULLIF(current_setting('app.organization', true), '')::uuid$own$;
      part text;
      each int;
    BEGIN
      PERFORM pg_advisory_xact_lock('keep_used_once'::regproc::int);
      -- One more behind and ahead: clocks differ.
      FOR each IN SELECT generate_series(this - 1, this + ${MOST_REMEMBERED / SLOT_SECONDS + 1}) LOOP
        part := 'used_once_' || each;
        CONTINUE WHEN to_regclass(part) IS NOT NULL;
        EXECUTE format('CREATE TABLE %I (LIKE used_once INCLUDING CONSTRAINTS INCLUDING INDEXES)', part);
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', part);
        EXECUTE format('CREATE POLICY organization ON %I TO ${role} USING (%s) WITH CHECK (%s)', part, own, own);
        EXECUTE format('REVOKE ALL ON %I FROM PUBLIC, ${role}', part);
        EXECUTE format('ALTER TABLE used_once ATTACH PARTITION %I FOR VALUES IN (%s)', part, each);
      END LOOP;
      FOR part IN SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'used_once'::regclass
          AND substring(inhrelid::regclass::text FROM '[0-9]+$')::int < this - 1 LOOP
        EXECUTE format('DROP TABLE %s', part);
      END LOOP;
    END $$`);
  await queryRunner.query(`GRANT EXECUTE ON FUNCTION use_once, keep_used_once TO ${role}`);
  await queryRunner.query('SELECT keep_used_once()');
}

/** Migration: takes `createReplays` back. */
export async function dropReplays(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query('DROP FUNCTION use_once, keep_used_once; DROP TABLE used_once');
}

/** What can be used up: the `id` that `owner` gave it, for one purpose, until it ends anyway (Unix seconds). */
export interface UsedOnce {
  organizationId: string;
  purpose: string;
  owner: string;
  id: string;
  endsAt: number;
}

/** Remembers what may be used once, over all instances of a service. */
export class Replays {
  private readonly upkeep: Hourly;

  constructor(
    private readonly dataSource: DataSource,
    failed: (error: unknown) => void,
  ) {
    this.upkeep = new Hourly(() => this.keep(), failed);
  }

  /** Resolves when there is room for what is used now; then looks every hour. */
  start = (): Promise<void> => this.upkeep.start();
  stop = (): void => this.upkeep.stop();

  /** Whether this is the first use of all that are made at once; only the hash is stored. */
  async isFirstUse({ organizationId, purpose, owner, id, endsAt }: UsedOnce): Promise<boolean> {
    const hash = createHash('sha256')
      .update(JSON.stringify([purpose, owner, id]))
      .digest();
    const slot = Math.floor(endsAt / SLOT_SECONDS);
    const sql = 'SELECT use_once($1, $2, $3) AS first';
    const [row] = await query<{ first: boolean }>(this.dataSource, 'use-once', sql, [organizationId, slot, hash]);
    return row?.first === true;
  }

  /** Makes the partitions of the next day, and drops those that are over. */
  async keep(): Promise<void> {
    await inTransaction(this.dataSource, (manager) => manager.query('SELECT keep_used_once()'));
  }
}
