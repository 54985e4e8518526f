import { randomBytes } from 'node:crypto';
import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import type { Sealed, Sealing } from './sealing';

const FIND = `SELECT kek_id AS "kekId", wrapped_key AS "wrappedKey", ciphertext FROM sealed_secrets WHERE purpose = $1`;
const CREATE = `INSERT INTO sealed_secrets (purpose, kek_id, wrapped_key, ciphertext) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING`;

/** What a secret of this service is sealed for. */
export const secretContext = (purpose: string): string => `keyward|${purpose}|1`;

/**
 * 32 random bytes for one purpose, the same for every instance on this database and for no other. Throws when they were
 * sealed under a key-encryption key that is not configured.
 */
export async function sealedSecret(dataSource: DataSource, sealing: Sealing, purpose: string): Promise<Buffer> {
  const find = async () => (await query<Sealed>(dataSource, 'find-sealed-secret', FIND, [purpose])).at(0);
  const sealed = (await find()) ?? (await create(dataSource, sealing, purpose), await find());
  if (!sealed) throw new Error(`the sealed secret ${purpose} is gone`);
  return await sealing.open(sealed, secretContext(purpose));
}

async function create(dataSource: DataSource, sealing: Sealing, purpose: string): Promise<void> {
  const { kekId, wrappedKey, ciphertext } = await sealing.seal(randomBytes(32), secretContext(purpose));
  await query(dataSource, 'create-sealed-secret', CREATE, [purpose, kekId, wrappedKey, ciphertext]);
}
