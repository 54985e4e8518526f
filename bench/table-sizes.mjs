/**
 * How large the token service's tables get: fills a database of its own with refresh families by the service's own
 * function, rotates a part of them once, and prints what each table, with its indexes, then takes.
 *
 *   node bench/table-sizes.mjs [families]
 */
import { createRequire } from 'node:module';
import { randomUUID } from 'node:crypto';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const { createTestDatabase, asAdmin, startPostgres } = require('@keyward/testing');
const { TOKEN_SCHEMA } = require('@keyward/token');
const { query } = require('@keyward/database');

const FAMILIES = Number(process.argv[2] ?? 1_000_000);
const BATCH = 10_000;
const ROTATED = 0.5;

const postgres = await startPostgres();
const database = await createTestDatabase([TOKEN_SCHEMA], postgres.adminUrl);
try {
  const dataSource = await database.connect('token');
  const organization = randomUUID();
  const started = Date.now();
  await asAdmin(database.adminUrl, async (admin) => {
    await admin.query('SET statement_timeout = 0; SET search_path = token');
    for (let done = 0; done < FAMILIES; done += BATCH)
      await admin.query(
        `SELECT insert_refresh_family($1::uuid, (now() AT TIME ZONE 'UTC')::date, gen_random_uuid(),
           'wU62DjlyDBnq87GlBwplfqvmAbAa', gen_random_uuid(), $1::uuid, sha256(n::text::bytea), 'default openid',
           extract(epoch FROM now())::bigint, ARRAY['pwd'], now(), now() + interval '90 days', now() + interval '1 day',
           sha256(('t' || n)::bytea), $1::uuid, 'password')
         FROM generate_series(1, $2::int) AS n`,
        [organization, BATCH],
      );
    await admin.query(
      `UPDATE refresh_families SET current_hash = sha256(id::text::bytea), previous_hash = current_hash,
         successor = decode(repeat('00', 62), 'hex'), rotated_at = now() WHERE random() < $1`,
      [ROTATED],
    );
    await admin.query('ANALYZE');
    const { rows } = await admin.query(
      `SELECT parent::text AS table, sum(rows)::bigint AS rows, pg_size_pretty(sum(heap)) AS heap,
         pg_size_pretty(sum(indexes)) AS indexes, pg_size_pretty(sum(heap + indexes)) AS total
       FROM (SELECT coalesce(i.inhparent, c.oid)::regclass AS parent, c.reltuples AS rows, pg_table_size(c.oid) AS heap,
           pg_indexes_size(c.oid) AS indexes
         FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
         WHERE c.relkind = 'r' AND c.relnamespace = 'token'::regnamespace) AS sizes
       WHERE heap + indexes > 0 GROUP BY parent HAVING sum(rows) > 0 ORDER BY sum(heap + indexes) DESC`,
    );
    console.log(`${FAMILIES} families, half of them rotated once, in ${Math.round((Date.now() - started) / 1000)} s`);
    console.table(rows);
  });
} finally {
  await database.drop();
  await postgres.stop();
}
