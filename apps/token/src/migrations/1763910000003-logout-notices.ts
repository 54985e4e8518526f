import { createLookup, isolate } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Whom to tell that a session has ended. A notice is there in the statement that ends the session, and until its client has
 * taken it or it is given up: no crash loses one. It stays for hours at most, so it is in no partition.
 */
export class LogoutNotices1763910000003 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE logout_notices (
        organization_id uuid NOT NULL,
        session_id uuid NOT NULL,
        client_id text NOT NULL,
        sub uuid NOT NULL,
        created_at timestamptz NOT NULL,
        attempts int NOT NULL DEFAULT 0,
        next_at timestamptz NOT NULL,
        PRIMARY KEY (organization_id, session_id, client_id)
      );
      CREATE INDEX ON logout_notices (next_at);
    `);
    await isolate(runner, 'logout_notices');
    // A few of each client: one that does not answer holds up nobody else's (BL-04).
    await createLookup(runner, {
      signature: 'due_logout_notices(p_now timestamptz, p_each int, p_most int)',
      returns: 'TABLE (organization_id uuid, session_id uuid, client_id text)',
      body: `SELECT organization_id, session_id, client_id FROM (
          SELECT organization_id, session_id, client_id, next_at,
            row_number() OVER (PARTITION BY organization_id, client_id ORDER BY next_at) AS n
          FROM logout_notices WHERE next_at <= p_now) AS due
        WHERE n <= p_each ORDER BY next_at LIMIT p_most`,
      reads: { logout_notices: ['organization_id', 'session_id', 'client_id', 'next_at'] },
    });
    await runner.query(endSession() + CLAIM);
    await runner.query('GRANT EXECUTE ON FUNCTION claim_logout_notice TO keyward_token');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      DROP FUNCTION claim_logout_notice;
      DROP FUNCTION due_logout_notices(timestamptz, int, int);
      DROP TABLE logout_notices;
    `);
  }
}

/** As before, and notes whom to tell. `first` is done before a family is ended. */
export const endSession = (first = ''): string => `
  CREATE OR REPLACE FUNCTION end_session(p_organization uuid, p_day date, p_id uuid, p_now timestamptz)
  RETURNS TABLE (client_id text, family_id uuid, offline boolean) LANGUAGE plpgsql AS $$
  DECLARE
    g session_grants;
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    UPDATE sessions s SET ended_at = p_now
      WHERE s.organization_id = p_organization AND s.day = p_day AND s.id = p_id AND s.ended_at IS NULL;
    IF NOT FOUND THEN RETURN; END IF;${first}
    FOR g IN SELECT * FROM session_grants o
        WHERE o.organization_id = p_organization AND o.day = p_day AND o.session_id = p_id LOOP
      INSERT INTO logout_notices (organization_id, session_id, client_id, sub, created_at, next_at)
        VALUES (p_organization, p_id, g.client_id, g.sub, p_now, p_now) ON CONFLICT DO NOTHING;
      IF NOT g.offline THEN
        PERFORM revoke_refresh_family(p_organization, day_of(g.family_id), g.family_id, p_now);
      END IF;
      client_id := g.client_id;
      family_id := g.family_id;
      offline := g.offline;
      RETURN NEXT;
    END LOOP;
  END $$;
`;

/** For one attempt of one instance: whoever dies over it leaves it to the others when the lease is over. */
const CLAIM = `
  CREATE FUNCTION claim_logout_notice(
    p_organization uuid, p_session uuid, p_client text, p_now timestamptz, p_until timestamptz)
  RETURNS TABLE (sub uuid, attempts int) LANGUAGE plpgsql AS $$
  BEGIN
    PERFORM set_config('app.organization', p_organization::text, true);
    RETURN QUERY UPDATE logout_notices n SET attempts = n.attempts + 1, next_at = p_until
      WHERE n.organization_id = p_organization AND n.session_id = p_session AND n.client_id = p_client
        AND n.next_at <= p_now
      RETURNING n.sub, n.attempts;
  END $$;
`;
