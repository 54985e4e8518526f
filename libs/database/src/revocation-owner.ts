import { allOverBy, revocationId, type Feed, type Revocation } from '@keyward/contracts';
import type { DataSource, EntityManager, QueryRunner } from 'typeorm';
import { query } from './data-source';
import { FeedOwner, type Publisher, type ReadRecords } from './feed-owner';
import { appendChange } from './feed-tables';
import { createLookup, isolate } from './isolate';

/** Migration: what a service has revoked, for as long as a token is alive that it concerns. */
export async function createRevocationTable(queryRunner: QueryRunner): Promise<void> {
  await queryRunner.query(`
    CREATE TABLE revocations (
      organization_id uuid NOT NULL,
      id text COLLATE "C" NOT NULL,
      record jsonb NOT NULL,
      until timestamptz NOT NULL,
      PRIMARY KEY (organization_id, id)
    );
    CREATE INDEX ON revocations (id)`);
  await isolate(queryRunner, 'revocations');
  await createLookup(queryRunner, {
    signature: 'living_revocations(after text, most int)',
    returns: 'TABLE (id text, record jsonb)',
    body: 'SELECT id, record FROM revocations WHERE id > after AND until > now() ORDER BY id LIMIT most',
    reads: { revocations: ['id', 'record', 'until'] },
  });
}

/** A feed of revocations and its table, made by `createRevocationTable`. */
export class RevocationOwner extends FeedOwner<Revocation> {
  constructor(
    dataSource: DataSource,
    bus: Publisher,
    private readonly revocations: Feed<Revocation>,
  ) {
    super(dataSource, bus, revocations, readLiving(dataSource));
  }

  /**
   * Revokes in the transaction that makes it so; do it last, and publish after it. `now` in Unix milliseconds. What an
   * organization revoked so long ago that it concerns nothing any more goes with it.
   */
  async append(manager: EntityManager, ended: Omit<Revocation, 'until'>, now: number): Promise<void> {
    const { organizationId, before = 0 } = ended;
    const record = { ...ended, until: allOverBy(Math.max(now / 1000, before)) };
    const id = revocationId(record);
    await manager.query('DELETE FROM revocations WHERE organization_id = $1 AND until <= now()', [organizationId]);
    await manager.query(
      `INSERT INTO revocations (organization_id, id, record, until) VALUES ($1, $2, $3, to_timestamp($4))
         ON CONFLICT (organization_id, id) DO UPDATE SET record = excluded.record, until = excluded.until`,
      [organizationId, id, JSON.stringify(record), record.until],
    );
    await appendChange(manager, this.revocations, id, record);
  }
}

/** The feed's snapshot, over all organizations. */
const readLiving =
  (dataSource: DataSource): ReadRecords<Revocation> =>
  (after = '', limit) =>
    query(dataSource, 'living-revocations', 'SELECT id, record FROM living_revocations($1, $2)', [after, limit]);
