import { createLookup } from '@keyward/database';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * An organization whose grants were ended on two days has a row of each: whoever starts later is told of the last end alone, which is
 * that of more tokens.
 */
export class LastEndOfAName1764080000000 implements MigrationInterface {
  up(runner: QueryRunner): Promise<void> {
    return replaceBy(runner, 'DISTINCT ON (jti)', 'jti, before DESC NULLS FIRST');
  }

  down(runner: QueryRunner): Promise<void> {
    return replaceBy(runner, '', 'jti');
  }
}

async function replaceBy(runner: QueryRunner, distinct: string, order: string): Promise<void> {
  await runner.query('DROP FUNCTION living_revocations(text, int)');
  await createLookup(runner, {
    signature: 'living_revocations(after text, most int)',
    returns: 'TABLE (id text, record jsonb)',
    body: `SELECT ${distinct} kind || ':' || jti, jsonb_strip_nulls(jsonb_build_object('kind', kind, 'name', jti,
          'organizationId', organization_id, 'before', before, 'until', ceil(extract(epoch FROM expires_at))))
        FROM revoked_tokens WHERE jti > after AND expires_at > now() ORDER BY ${order} LIMIT most`,
    reads: { revoked_tokens: ['organization_id', 'jti', 'kind', 'before', 'expires_at'] },
  });
}
