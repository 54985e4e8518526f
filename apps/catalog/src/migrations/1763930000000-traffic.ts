import { createLookup, isolate, schemaOf, serviceRole } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How much may pass, of whom: quotas and what is left of them, applications' plans, and who is denied. */
export class Traffic1763930000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const sql of [PLANS, APPLICATION_PLANS, DENY_RULES, QUOTAS]) await queryRunner.query(sql);
    for (const table of ['application_plans', 'deny_rules', 'quotas']) await isolate(queryRunner, table);
    for (const [table, key, columns] of SNAPSHOTS)
      await createLookup(queryRunner, {
        signature: `${table}_after(last uuid, how_many int)`,
        returns: `TABLE (${columns.join(', ')})`,
        body: `SELECT ${columns.map((column) => `t.${nameOf(column)}`).join(', ')} FROM ${table} t
          WHERE t.${key} > coalesce(last, '00000000-0000-0000-0000-000000000000') ${TOLD[table] ?? ''}
          ORDER BY t.${key} LIMIT how_many`,
        reads: { [table]: columns.map(nameOf) },
      });
    await queryRunner.query(LEASE);
    await queryRunner.query(`GRANT EXECUTE ON FUNCTION lease_quota TO ${serviceRole(schemaOf(queryRunner))}`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION lease_quota, plans_after(uuid, int), application_plans_after(uuid, int), deny_rules_after(uuid, int);
      DROP TABLE quotas, deny_rules, application_plans;
      ALTER TABLE plans DROP COLUMN id`);
  }
}

const nameOf = (column: string): string => column.split(' ')[0] ?? '';

/** The feed names its records by ids. */
const PLANS = `
  ALTER TABLE plans ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid();
  CREATE INDEX plans_id ON plans (id)`;

const APPLICATION_PLANS = `
  CREATE TABLE application_plans (
    organization_id uuid NOT NULL,
    application_id uuid NOT NULL,
    plan text COLLATE "C" NOT NULL,
    PRIMARY KEY (organization_id, application_id)
  );
  CREATE INDEX application_plans_id ON application_plans (application_id)`;

const DENY_RULES = `
  CREATE TABLE deny_rules (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('ip', 'application', 'user', 'api')),
    target text COLLATE "C" NOT NULL,
    value text NOT NULL,
    description text NOT NULL,
    active boolean NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, kind, target)
  );
  CREATE INDEX deny_rules_id ON deny_rules (id)`;

// One row for each that shares a quota, written in place: room on its page for the next version.
const QUOTAS = `
  CREATE TABLE quotas (
    organization_id uuid NOT NULL,
    counted text COLLATE "C" NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    taken bigint NOT NULL,
    PRIMARY KEY (organization_id, counted)
  ) WITH (fillfactor = 50);
  CREATE INDEX quotas_ended ON quotas (organization_id, ends_at)`;

const SNAPSHOTS: [table: string, key: string, columns: string[]][] = [
  [
    'plans',
    'id',
    [
      ...['organization_id uuid', 'id uuid', 'level text', 'name text', 'requests bigint', 'kilobytes bigint'],
      ...['every int', 'unit text', 'burst int'],
    ],
  ],
  ['application_plans', 'application_id', ['organization_id uuid', 'application_id uuid', 'plan text']],
  ['deny_rules', 'id', ['organization_id uuid', 'id uuid', 'kind text', 'target text', 'active boolean']],
];
const TOLD: Record<string, string> = { deny_rules: 'AND t.active' };

// Quotas begin with their unit of time in UTC, by this server's clock alone. For each row that is new, three that have
// ended go: there are never more than what was counted lately.
const LEASE = `
  CREATE FUNCTION lease_quota(p_organization uuid, p_level text, p_plan text, p_counted text, p_burst boolean,
      p_overdrawn bigint)
    RETURNS TABLE (granted bigint, quota bigint, rest bigint, since bigint, ends_in bigint) LANGUAGE plpgsql AS $$
  DECLARE
    plan record;
    before record;
    at timestamptz;
    starts timestamptz;
    ends timestamptz;
    seconds bigint;
    months int;
    used bigint;
    step bigint;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    SELECT p.requests, p.kilobytes, p.every, p.unit, p.burst INTO plan FROM plans p
      WHERE p.organization_id = p_organization AND p.level = p_level AND p.name = p_plan;
    IF NOT FOUND OR p_burst AND plan.burst IS NULL THEN RETURN; END IF;
    quota := CASE WHEN p_burst THEN plan.burst ELSE coalesce(plan.requests, plan.kilobytes * 1024) END;
    step := CASE WHEN p_burst OR plan.requests IS NOT NULL THEN least(500, quota / 100) ELSE greatest(65536, quota / 100) END;

    INSERT INTO quotas VALUES (p_organization, p_counted, '-infinity', '-infinity', 0) ON CONFLICT DO NOTHING;
    IF FOUND THEN
      DELETE FROM quotas q WHERE q.organization_id = p_organization AND q.counted IN (
        SELECT old.counted FROM quotas old WHERE old.organization_id = p_organization AND old.ends_at < now() - interval '1 minute'
          AND old.counted <> p_counted LIMIT 3 FOR UPDATE SKIP LOCKED);
    END IF;
    SELECT q.starts_at, q.taken INTO before FROM quotas q
      WHERE q.organization_id = p_organization AND q.counted = p_counted FOR UPDATE;
    -- After the lock, which may have been waited for.
    at := clock_timestamp();
    IF plan.unit = 'month' AND NOT p_burst THEN
      months := extract(year FROM at AT TIME ZONE 'UTC') * 12 + extract(month FROM at AT TIME ZONE 'UTC') - 1;
      months := months - months % plan.every;
      starts := make_timestamptz(months / 12, months % 12 + 1, 1, 0, 0, 0, 'UTC');
      ends := (starts AT TIME ZONE 'UTC' + make_interval(months => plan.every)) AT TIME ZONE 'UTC';
    ELSE
      seconds := CASE WHEN p_burst THEN 1 ELSE plan.every * CASE plan.unit
        WHEN 'second' THEN 1 WHEN 'minute' THEN 60 WHEN 'hour' THEN 3600 ELSE 86400 END END;
      starts := to_timestamp(floor(extract(epoch FROM at) / seconds) * seconds);
      ends := starts + make_interval(secs => seconds);
    END IF;

    used := p_overdrawn + CASE WHEN before.starts_at = starts THEN before.taken ELSE 0 END;
    granted := greatest(0, least(greatest(1, step), quota - used));
    UPDATE quotas q SET starts_at = starts, ends_at = ends, taken = used + granted
      WHERE q.organization_id = p_organization AND q.counted = p_counted;
    rest := greatest(0, quota - used - granted);
    since := extract(epoch FROM starts) * 1000;
    ends_in := ceil(extract(epoch FROM ends - at) * 1000);
    RETURN NEXT;
  END $$`;
