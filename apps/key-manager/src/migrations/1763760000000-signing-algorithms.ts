import type { MigrationInterface, QueryRunner } from 'typeorm';

/** An organization has signing keys of several algorithms, each rotated for itself; ID tokens are RS256. */
export class SigningAlgorithms1763760000000 implements MigrationInterface {
  async up(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`
      ALTER TABLE signing_keys ADD COLUMN alg text NOT NULL DEFAULT 'ES256' CHECK (alg IN ('ES256', 'RS256'))`);
  }

  async down(queryRunner: QueryRunner): Promise<void> {
    await queryRunner.query(`ALTER TABLE signing_keys DROP COLUMN alg`);
  }
}
