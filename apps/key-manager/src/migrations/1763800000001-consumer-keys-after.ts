import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Gateways hold every consumer key: their snapshot reads those of all organizations, in pages. */
export class ConsumerKeysAfter1763800000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createLookup(queryRunner, {
      signature: 'consumer_keys_after(after text, most int)',
      returns: 'TABLE (consumer_key text, organization_id uuid, application_id uuid, kind text, active boolean)',
      body: `SELECT k.consumer_key, k.organization_id, k.application_id, k.kind, k.state = 'active' FROM consumer_keys k
        WHERE k.consumer_key > after ORDER BY k.consumer_key LIMIT most`,
      reads: { consumer_keys: ['organization_id, consumer_key, application_id, kind, state'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION consumer_keys_after(text, int)');
  }
}
