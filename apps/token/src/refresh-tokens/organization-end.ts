import { CLOCK_SKEW } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { LIFETIME as LONGEST_CODE } from '../devices/device-codes';
import { dayOf, newId } from '../time-id';

/** Each transaction takes so many families: it is short, and holds up whoever refreshes for no longer. */
const BATCH = 1000;
const BEFORE_ALL = '00000000-0000-0000-0000-000000000000';

/**
 * Ends what would still become a family: codes that nobody has used, and devices that a user has let in. What waits for its
 * user's answer goes on.
 */
export async function endCodes(dataSource: DataSource, organizationId: string, now: number): Promise<void> {
  const oldest = newId(now - (LONGEST_CODE + CLOCK_SKEW) * 1000);
  for (const [table, open, over] of [
    ['authorization_codes', 'used_at IS NULL', 'used_at = now()'],
    ['device_codes', `state = 'approved'`, `state = 'denied'`],
  ])
    await inOrganization(dataSource, organizationId, (manager) =>
      manager.query(
        `WITH living AS (SELECT day, id FROM ${table}
           WHERE organization_id = $1 AND day >= $2 AND id > $3 AND ${open} ORDER BY id FOR UPDATE)
         UPDATE ${table} AS code SET ${over} FROM living
           WHERE code.organization_id = $1 AND code.day = living.day AND code.id = living.id`,
        [organizationId, dayOf(oldest), oldest],
      ),
    );
}

interface Batch {
  /** The last of its ids; `null` when there was none. */
  last: string | null;
  ended: number;
}

/** Ends the families there are from that time and before; how many they were. */
export async function endFamilies(dataSource: DataSource, organizationId: string, until: Date): Promise<number> {
  const inIt = <Row>(sql: string, more: unknown[] = []) =>
    inOrganization(dataSource, organizationId, (manager) => manager.query<Row[]>(sql, [organizationId, ...more]));
  let all = 0;
  for (const { day } of await inIt<{ day: string }>(DAYS))
    for (let after: string | null = BEFORE_ALL; after !== null;) {
      const [batch]: Batch[] = await inIt<Batch>(END, [day, after, until]);
      all += batch?.ended ?? 0;
      after = batch?.last ?? null;
    }
  return all;
}

/** From each day straight to the next: of an organization's families, which may be a million, none is read. */
const DAYS = `
  WITH RECURSIVE days AS (
    (SELECT day FROM refresh_families WHERE organization_id = $1 ORDER BY day LIMIT 1)
    UNION ALL
    SELECT (SELECT f.day FROM refresh_families f WHERE f.organization_id = $1 AND f.day > days.day ORDER BY f.day LIMIT 1)
      FROM days WHERE days.day IS NOT NULL)
  SELECT day::text AS day FROM days WHERE day IS NOT NULL`;

/**
 * Locked in the order of their ids, as those are that are rotated together: neither waits for the other in a circle. The size
 * is no parameter: a plan for any size would read a whole day each time.
 */
const END = `
  WITH batch AS (
    SELECT id FROM refresh_families WHERE organization_id = $1 AND day = $2 AND id > $3 ORDER BY id LIMIT ${BATCH}
  ), living AS (
    SELECT id FROM refresh_families WHERE organization_id = $1 AND day = $2 AND id IN (SELECT id FROM batch)
      AND revoked_at IS NULL AND created_at <= $4 ORDER BY id FOR UPDATE
  ), ended AS (
    UPDATE refresh_families AS f SET revoked_at = $4 FROM living
      WHERE f.organization_id = $1 AND f.day = $2 AND f.id = living.id RETURNING f.id
  )
  SELECT (SELECT id FROM batch ORDER BY id DESC LIMIT 1) AS last, (SELECT count(*)::int FROM ended) AS ended`;
