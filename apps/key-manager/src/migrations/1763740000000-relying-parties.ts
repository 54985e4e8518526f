import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Where the users of a client may be sent back to: what signing in on a page needs of a consumer key. */
export class RelyingParties1763740000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys
        ADD COLUMN application_type text NOT NULL DEFAULT 'web' CHECK (application_type IN ('web', 'native')),
        ADD COLUMN redirect_uris text[] NOT NULL DEFAULT '{}',
        ADD COLUMN post_logout_redirect_uris text[] NOT NULL DEFAULT '{}'`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE consumer_keys DROP COLUMN application_type, DROP COLUMN redirect_uris,
        DROP COLUMN post_logout_redirect_uris`);
  }
}
