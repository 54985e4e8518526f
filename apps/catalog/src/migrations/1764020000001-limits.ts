import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What upstreams can bear, plans that hold by themselves, what opens an API, and what its upstreams are told of users. */
export class Limits1764020000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE apis
        ADD COLUMN upstream_plan text,
        ADD COLUMN accepts text CHECK (accepts IN ('token', 'api-key')),
        ADD COLUMN backend_claims text[] NOT NULL DEFAULT '{}';
      ALTER TABLE plans
        DROP CONSTRAINT plans_level_check,
        ADD COLUMN counted_by text[] NOT NULL DEFAULT '{}',
        ADD CONSTRAINT plans_level_check
          CHECK (level IN ('application', 'subscription', 'api', 'resource', 'upstream', 'custom')),
        ADD CHECK ((level = 'custom') = (counted_by <> '{}'))`);
    for (const [table, columns] of Object.entries(SNAPSHOTS)) {
      await queryRunner.query(`DROP FUNCTION ${table}_after(uuid, int)`);
      await createLookup(queryRunner, {
        signature: `${table}_after(last uuid, how_many int)`,
        returns: `TABLE (${columns.map(([name, type]) => `"${name}" ${type}`).join(', ')})`,
        body: `SELECT ${columns.map(([name]) => `t."${name}"`).join(', ')} FROM ${table} t
          WHERE t.id > coalesce(last, '00000000-0000-0000-0000-000000000000') ORDER BY t.id LIMIT how_many`,
        reads: { [table]: columns.map(([name]) => `"${name}"`) },
      });
    }
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION apis_after(uuid, int), plans_after(uuid, int);
      ALTER TABLE apis DROP COLUMN upstream_plan, DROP COLUMN accepts, DROP COLUMN backend_claims;
      DELETE FROM plans WHERE level IN ('upstream', 'custom');
      ALTER TABLE plans DROP COLUMN counted_by`);
  }
}

const SNAPSHOTS: Record<string, [name: string, type: string][]> = {
  apis: [
    ['organization_id', 'uuid'],
    ['id', 'uuid'],
    ['name', 'text'],
    ['version', 'text'],
    ['context', 'text'],
    ['is_default', 'boolean'],
    ['state', 'text'],
    ['visibility', 'text'],
    ['upstreams', 'jsonb'],
    ['resources', 'jsonb'],
    ['cors', 'jsonb'],
    ['backend_token', 'boolean'],
    ['backend_claims', 'text[]'],
    ['accepts', 'text'],
    ['subscription_required', 'boolean'],
    ['plan', 'text'],
    ['upstream_plan', 'text'],
  ],
  plans: [
    ['organization_id', 'uuid'],
    ['id', 'uuid'],
    ['level', 'text'],
    ['name', 'text'],
    ['requests', 'bigint'],
    ['kilobytes', 'bigint'],
    ['every', 'int'],
    ['unit', 'text'],
    ['burst', 'int'],
    ['counted_by', 'text[]'],
  ],
};
