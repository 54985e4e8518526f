import type { MigrationInterface, QueryRunner } from 'typeorm';
import { withdrawConsent } from './1763740000000-sign-in';
import { endSession } from './1763910000003-logout-notices';
import { placeStandingToken } from './1763960000000-standing-tokens';

/**
 * What ends families locks them first, in the order of their ids as joined rotations do (ADR 17), and then the feed that tells
 * of them, as reuse does: so none of these wait for each other.
 */
export class FamiliesInOneOrder1764090000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${LOCK_FAMILIES} ${endSession(lock(OF_SESSION))} ${withdrawConsent(lock(OF_CONSENT))}
      ${placeStandingToken(lock('SELECT old.family WHERE p_ends AND old.family IS NOT NULL'))}`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ${endSession()} ${withdrawConsent()} ${placeStandingToken()}
      DROP FUNCTION lock_refresh_families;`);
  }
}

const LOCK_FAMILIES = `
  CREATE FUNCTION lock_refresh_families(p_organization uuid, p_ids uuid[]) RETURNS void LANGUAGE plpgsql AS $$
  DECLARE
    family uuid;
  BEGIN
    FOR family IN SELECT id FROM unnest(p_ids) AS id ORDER BY id LOOP
      PERFORM FROM refresh_families WHERE organization_id = p_organization AND day = day_of(family) AND id = family
        FOR UPDATE;
    END LOOP;
  END $$;
  REVOKE ALL ON FUNCTION lock_refresh_families FROM PUBLIC;
  GRANT EXECUTE ON FUNCTION lock_refresh_families TO keyward_token;
`;

const lock = (ids: string): string => `
    PERFORM lock_refresh_families(p_organization, ARRAY(${ids}));`;

const OF_SESSION = `SELECT o.family_id FROM session_grants o
      WHERE o.organization_id = p_organization AND o.day = p_day AND o.session_id = p_id AND NOT o.offline`;

const OF_CONSENT = `SELECT o.family_id FROM session_grants o
      WHERE o.organization_id = p_organization AND o.sub = p_sub AND o.client_id = p_client`;
