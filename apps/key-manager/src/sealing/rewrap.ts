import { inOrganization, query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { contextOf } from '../signing-keys/new-signing-key';
import type { SigningKeyEntity } from '../signing-keys/signing-key.entity';
import type { WrappedKey } from './key-encryption';
import { secretContext } from './sealed-secret';
import type { Sealing } from './sealing';

/** Few enough for one request, also where each goes to a server. */
const AT_ONCE = 8;
const NOWHERE = '00000000-0000-0000-0000-000000000000';

const SIGNING_KEYS = `SELECT organization_id AS "organizationId", kid, alg
  FROM signing_keys_not_sealed_under($1, $2, $3, $4)`;
const SIGNING_KEY = `SELECT kek_id AS "kekId", wrapped_key AS "wrappedKey" FROM signing_keys
  WHERE organization_id = $1 AND kid = $2`;
const SECRETS = `SELECT purpose, kek_id AS "kekId", wrapped_key AS "wrappedKey" FROM sealed_secrets WHERE kek_id <> $1`;

// Only where it is still what was read: of several who do it at once, one does it, and a newer seal is not undone.
const SET_SIGNING_KEY = `UPDATE signing_keys SET kek_id = $3, wrapped_key = $4
  WHERE organization_id = $1 AND kid = $2 AND wrapped_key = $5`;
const SET_SECRET = `UPDATE sealed_secrets SET kek_id = $2, wrapped_key = $3 WHERE purpose = $1 AND wrapped_key = $4`;

type Named = Pick<SigningKeyEntity, 'organizationId' | 'kid' | 'alg'>;

/** What one step did. */
export interface RewrapStep {
  /** Errors of what did not open. */
  failures: unknown[];
  /** How many were looked at. */
  seen: number;
  /** Where the next step goes on; absent after the last. */
  next?: string;
}

/** The secrets of this service that are not yet under the newest key. */
export async function rewrapSecrets(dataSource: DataSource, sealing: Sealing, newest: string): Promise<RewrapStep> {
  const found = await query<WrappedKey & { purpose: string }>(dataSource, 'secrets-to-rewrap', SECRETS, [newest]);
  const failures = await eachOf(found, async (old) => {
    const { kekId, wrappedKey } = await sealing.rewrap(old, secretContext(old.purpose));
    await query(dataSource, 'rewrap-secret', SET_SECRET, [old.purpose, kekId, wrappedKey, old.wrappedKey]);
  });
  return { failures, seen: found.length };
}

/** The next signing keys after one, in the order of their names, that are not yet under the newest key. */
export async function rewrapSigningKeys(
  dataSource: DataSource,
  sealing: Sealing,
  newest: string,
  { after = '', most }: { after?: string; most: number },
): Promise<RewrapStep> {
  const [organizationId = NOWHERE, kid = ''] = after ? after.split(' ') : [];
  const params = [newest, organizationId, kid, most];
  const found = await query<Named>(dataSource, 'signing-keys-to-rewrap', SIGNING_KEYS, params);
  const failures = await eachOf(found, (key) => rewrapSigningKey(dataSource, sealing, key));
  const last = found.at(-1);
  return {
    failures,
    seen: found.length,
    ...(last && found.length === most && { next: `${last.organizationId} ${last.kid}` }),
  };
}

async function rewrapSigningKey(
  dataSource: DataSource,
  sealing: Sealing,
  { organizationId, kid, alg }: Named,
): Promise<void> {
  const params: [string, string] = [organizationId, kid];
  const [old] = await queryInOrganization<WrappedKey>(dataSource, 'signing-key-to-rewrap', SIGNING_KEY, params);
  if (!old) return; // gone meanwhile
  const { kekId, wrappedKey } = await sealing.rewrap(old, contextOf(organizationId, kid, alg));
  await inOrganization(dataSource, organizationId, (manager) =>
    manager.query(SET_SIGNING_KEY, [...params, kekId, wrappedKey, old.wrappedKey]),
  );
}

/** Some at a time, all of them; the errors of those that failed. */
async function eachOf<T>(items: readonly T[], work: (item: T) => Promise<void>): Promise<unknown[]> {
  const failures: unknown[] = [];
  const waiting = [...items];
  const worker = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift())
      await work(item).catch((error: unknown) => failures.push(error));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return failures;
}
