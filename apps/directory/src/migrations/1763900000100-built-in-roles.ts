import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Every organization but root has the roles admin and publisher; one that has its own of these names keeps what it says. */
export class BuiltInRoles1763900000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Under FORCE its owner could write no row; nobody else looks into this transaction.
    await runner.query(`
      ALTER TABLE roles NO FORCE ROW LEVEL SECURITY;
      INSERT INTO roles (organization_id, name, description)
        SELECT o.id, role.name, role.description FROM organizations o, (VALUES
          ('admin', 'Manages the organization: its users, roles, applications and APIs'),
          ('publisher', 'Manages the organization’s APIs, scopes, plans and subscriptions')) AS role (name, description)
        WHERE o.id <> '00000000-0000-7000-8000-000000000001' ON CONFLICT DO NOTHING;
      ALTER TABLE roles FORCE ROW LEVEL SECURITY;
    `);
  }

  /** Roles that somebody may have by now stay. */
  async down(): Promise<void> {
    return Promise.resolve();
  }
}
