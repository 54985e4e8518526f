import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import type { Sealing } from './sealing';

/** A key-encryption key, and how many things are sealed under it. */
export interface KeyInUse {
  kekId: string;
  sealed: number;
}

const IN_USE = `
  SELECT kek_id AS "kekId", sum(sealed)::int AS sealed
  FROM (SELECT * FROM key_encryption_keys_of_signing_keys()
    UNION ALL SELECT kek_id, count(*) FROM sealed_secrets GROUP BY kek_id) AS used
  GROUP BY kek_id ORDER BY kek_id`;

/** Every key-encryption key that something in the database is sealed under. */
export const keysInUse = (dataSource: DataSource): Promise<KeyInUse[]> =>
  query<KeyInUse>(dataSource, 'key-encryption-keys-in-use', IN_USE, []);

/** Throws which key-encryption keys are needed and not configured: rather no start than organizations that cannot sign. */
export async function assertAllHeld(dataSource: DataSource, sealing: Sealing): Promise<void> {
  const missing = (await keysInUse(dataSource)).filter(({ kekId }) => !sealing.holds(kekId));
  if (missing.length === 0) return;
  const which = missing.map(({ kekId, sealed }) => `${kekId} (${sealed} sealed under it)`).join(', ');
  throw new Error(
    `A key-encryption key is missing: ${which}. Configure it, in KEY_ENCRYPTION_OTHER_KEYS if it is a former one, ` +
      'until `keyward key-encryption rewrap` has sealed everything under the newest.',
  );
}
