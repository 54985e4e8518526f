import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What access tokens of trusted issuers open; gateways hold it, so the snapshot reads it in pages. */
export class IssuerAccess1764020000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE trusted_issuers
        ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
        ADD COLUMN access jsonb;
      CREATE INDEX trusted_issuers_id ON trusted_issuers (id)`);
    const columns = ['organization_id', 'id', 'name', 'issuer', 'access'];
    await createLookup(queryRunner, {
      signature: 'trusted_issuers_after(last uuid, most int)',
      returns: 'TABLE (organization_id uuid, id uuid, name text, issuer text, access jsonb)',
      body: `SELECT ${columns.map((column) => `t.${column}`).join(', ')} FROM trusted_issuers t
        WHERE t.id > coalesce(last, '00000000-0000-0000-0000-000000000000') AND t.access IS NOT NULL
        ORDER BY t.id LIMIT most`,
      reads: { trusted_issuers: columns },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION trusted_issuers_after(uuid, int);
      ALTER TABLE trusted_issuers DROP COLUMN id, DROP COLUMN access`);
  }
}
