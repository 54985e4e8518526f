import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Under which key-encryption keys signing keys are sealed, over all organizations, so that one can be taken away. */
export class KeyEncryption1763950000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await createLookup(queryRunner, {
      signature: 'key_encryption_keys_of_signing_keys()',
      returns: 'TABLE (kek_id text, sealed bigint)',
      body: 'SELECT k.kek_id, count(*) FROM signing_keys k GROUP BY k.kek_id',
      reads: { signing_keys: ['kek_id'] },
    });
    await createLookup(queryRunner, {
      signature: 'signing_keys_not_sealed_under(newest text, after_organization uuid, after_kid text, most int)',
      returns: 'TABLE (organization_id uuid, kid text, alg text)',
      body: `SELECT k.organization_id, k.kid, k.alg FROM signing_keys k
        WHERE k.kek_id <> newest AND (k.organization_id, k.kid) > (after_organization, after_kid)
        ORDER BY k.organization_id, k.kid LIMIT most`,
      reads: { signing_keys: ['organization_id', 'kid', 'alg', 'kek_id'] },
    });
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`DROP FUNCTION key_encryption_keys_of_signing_keys(),
      signing_keys_not_sealed_under(text, uuid, text, int)`);
  }
}
