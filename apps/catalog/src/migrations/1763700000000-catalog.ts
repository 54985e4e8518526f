import { createFeedTables, createLookup, isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * APIs, the scopes and plans they name, and who may call them. Resources are read and written with their API as a whole, so
 * they are a column of it. Names that lists are ordered by are compared byte by byte, so that pages do not depend on the
 * server's locale.
 */
export class Catalog1763700000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    for (const table of [APIS, SCOPES, PLANS, SUBSCRIPTIONS]) await queryRunner.query(table);
    for (const table of TABLES) await isolate(queryRunner, table);
    await createFeedTables(queryRunner);

    // The snapshots of the feeds go over all organizations, in the order of ids.
    for (const [table, columns] of Object.entries(SNAPSHOTS))
      await createLookup(queryRunner, {
        signature: `${table}_after(last uuid, how_many int)`,
        returns: `TABLE (${columns.map(([name, type]) => `"${name}" ${type}`).join(', ')})`,
        body: `SELECT ${columns.map(([name]) => `t."${name}"`).join(', ')} FROM ${table} t
          WHERE t.id > coalesce(last, '00000000-0000-0000-0000-000000000000') ORDER BY t.id LIMIT how_many`,
        reads: { [table]: columns.map(([name]) => `"${name}"`) },
      });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      DROP FUNCTION apis_after(uuid, int), scopes_after(uuid, int), subscriptions_after(uuid, int),
        append_change(text, text, jsonb);
      DROP TABLE subscriptions, plans, scopes, apis, feed_changes, feed_positions`);
  }
}

const TABLES = ['apis', 'scopes', 'plans', 'subscriptions'];

// One name has one context and the other way round; `apis.ts` sees to that under the organization's lock.
const APIS = `
  CREATE TABLE apis (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    version text COLLATE "C" NOT NULL,
    context text COLLATE "C" NOT NULL,
    description text NOT NULL,
    is_default boolean NOT NULL,
    state text NOT NULL CHECK (state IN ('CREATED', 'PUBLISHED', 'DEPRECATED', 'BLOCKED', 'RETIRED')),
    visibility text NOT NULL CHECK (visibility IN ('public', 'organization', 'roles')),
    visible_to text[] NOT NULL CHECK ((visibility = 'roles') = (visible_to <> '{}')),
    upstreams jsonb NOT NULL,
    resources jsonb NOT NULL,
    cors jsonb,
    backend_token boolean NOT NULL,
    subscription_required boolean NOT NULL,
    approval_required boolean NOT NULL,
    plan text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name, version)
  );
  CREATE UNIQUE INDEX apis_context ON apis (organization_id, lower(context), lower(version));
  CREATE UNIQUE INDEX apis_default ON apis (organization_id, name) WHERE is_default;
  CREATE INDEX apis_id ON apis (id)`;

const SCOPES = `
  CREATE TABLE scopes (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    description text NOT NULL,
    roles text[] NOT NULL,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name)
  );
  CREATE INDEX scopes_id ON scopes (id)`;

const PLANS = `
  CREATE TABLE plans (
    organization_id uuid NOT NULL,
    name text COLLATE "C" NOT NULL,
    level text NOT NULL CHECK (level IN ('application', 'subscription', 'api', 'resource')),
    description text NOT NULL,
    requests bigint CHECK (requests > 0),
    kilobytes bigint CHECK (kilobytes > 0),
    every int NOT NULL CHECK (every > 0),
    unit text NOT NULL CHECK (unit IN ('second', 'minute', 'hour', 'day', 'month')),
    burst int CHECK (burst > 0),
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, level, name),
    CHECK ((requests IS NULL) <> (kilobytes IS NULL))
  )`;

const SUBSCRIPTIONS = `
  CREATE TABLE subscriptions (
    organization_id uuid NOT NULL,
    id uuid NOT NULL,
    application_id uuid NOT NULL,
    api_id uuid NOT NULL,
    state text NOT NULL CHECK (state IN ('UNBLOCKED', 'BLOCKED', 'PROD_ONLY_BLOCKED', 'ON_HOLD', 'REJECTED')),
    plan text,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, application_id, api_id),
    FOREIGN KEY (organization_id, api_id) REFERENCES apis
  );
  CREATE INDEX ON subscriptions (organization_id, api_id);
  CREATE INDEX subscriptions_id ON subscriptions (id)`;

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
    ['subscription_required', 'boolean'],
    ['plan', 'text'],
  ],
  scopes: [
    ['organization_id', 'uuid'],
    ['id', 'uuid'],
    ['name', 'text'],
    ['roles', 'text[]'],
  ],
  subscriptions: [
    ['organization_id', 'uuid'],
    ['id', 'uuid'],
    ['application_id', 'uuid'],
    ['api_id', 'uuid'],
    ['state', 'text'],
    ['plan', 'text'],
  ],
};
