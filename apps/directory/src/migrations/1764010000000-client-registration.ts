import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Who may register clients by themselves: nobody, until an organization says otherwise. */
export class ClientRegistration1764010000000 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE organizations ADD COLUMN client_registration text NOT NULL DEFAULT 'closed'
        CHECK (client_registration IN ('closed', 'token', 'open'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE organizations DROP COLUMN client_registration');
  }
}
