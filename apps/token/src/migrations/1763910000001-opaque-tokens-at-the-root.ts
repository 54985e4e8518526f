import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** UserInfo is also asked for at the root, where nothing but the token tells whose issuer it is of. */
export class OpaqueTokensAtTheRoot1763910000001 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    // Ids are made in the order of time: such an index grows at its end.
    await runner.query('CREATE INDEX access_tokens_ids ON access_tokens (id)');
    await createLookup(runner, {
      signature: 'find_token_organization(p_day date, p_id uuid, p_hash bytea)',
      returns: 'uuid',
      body: 'SELECT organization_id FROM access_tokens WHERE day = p_day AND id = p_id AND hash = p_hash',
      reads: { access_tokens: ['organization_id', 'day', 'id', 'hash'] },
    });
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP FUNCTION find_token_organization(date, uuid, bytea); DROP INDEX access_tokens_ids');
  }
}
