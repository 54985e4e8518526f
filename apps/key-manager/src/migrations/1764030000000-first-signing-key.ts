import { schemaOf, serviceRole } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * The first signing key of an organization in one round trip: its first token waits for it. Of all that insert one at once, one
 * does; a statement after the lock sees what was inserted before it.
 */
export class FirstSigningKey1764030000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      CREATE FUNCTION insert_first_signing_key(p_organization uuid, p_kid text, p_alg text, p_public_jwk jsonb,
        p_kek_id text, p_wrapped_key bytea, p_ciphertext bytea, p_now timestamptz)
      RETURNS SETOF signing_keys LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM set_config('app.organization', p_organization::text, true);
        PERFORM pg_advisory_xact_lock(hashtextextended('key-manager.signing-keys ' || p_organization, 0));
        INSERT INTO signing_keys
          (organization_id, kid, alg, public_jwk, kek_id, wrapped_key, ciphertext, published_at, activates_at)
          SELECT p_organization, p_kid, p_alg, p_public_jwk, p_kek_id, p_wrapped_key, p_ciphertext, p_now, p_now
          WHERE NOT EXISTS (SELECT FROM signing_keys WHERE organization_id = p_organization AND alg = p_alg);
        RETURN QUERY SELECT * FROM signing_keys WHERE organization_id = p_organization;
      END $$`);
    await queryRunner.query(
      `GRANT EXECUTE ON FUNCTION insert_first_signing_key TO ${serviceRole(schemaOf(queryRunner))}`,
    );
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query('DROP FUNCTION insert_first_signing_key');
  }
}
