import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { CLIENT_COLUMNS } from './1763750000000-client-keys';
import { createFindClient } from './find-client';

/** From which pages' scripts a client may ask, and whether any client may from a page. */
export class AllowedOrigins1763750000001 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE consumer_keys ADD allowed_origins text[] NOT NULL DEFAULT '{}'`);
    await queryRunner.query('CREATE INDEX consumer_keys_origins ON consumer_keys USING gin (allowed_origins)');
    await createFindClient(queryRunner, [...CLIENT_COLUMNS, 'allowed_origins']);
    // A preflight names no client: what it may learn is that somebody registered this origin.
    await createLookup(queryRunner, {
      signature: 'is_known_origin(origin text)',
      returns: 'boolean',
      body: `SELECT EXISTS (SELECT FROM consumer_keys WHERE allowed_origins @> ARRAY[origin] AND state = 'active')`,
      reads: { consumer_keys: ['allowed_origins', 'state'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION is_known_origin(text)');
    await createFindClient(queryRunner, CLIENT_COLUMNS);
    await queryRunner.query('ALTER TABLE consumer_keys DROP allowed_origins');
  }
}
