import { isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Issuers whose assertions organizations take for their users. */
export class TrustedIssuers1763920000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE TABLE trusted_issuers (
        organization_id uuid NOT NULL,
        name text COLLATE "C" NOT NULL,
        issuer text COLLATE "C" NOT NULL,
        jwks jsonb,
        jwks_uri text,
        users jsonb NOT NULL,
        created_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, name),
        UNIQUE (organization_id, issuer),
        CHECK ((jwks IS NULL) <> (jwks_uri IS NULL))
      )`);
    await isolate(queryRunner, 'trusted_issuers');
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP TABLE trusted_issuers');
  }
}
