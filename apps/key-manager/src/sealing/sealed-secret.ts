import { randomBytes } from 'node:crypto';
import { query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { open, seal, type KeyEncryptionKey, type Sealed } from './envelope';

const FIND = `SELECT kek_id AS "kekId", wrapped_key AS "wrappedKey", ciphertext FROM sealed_secrets WHERE purpose = $1`;
const CREATE = `INSERT INTO sealed_secrets (purpose, kek_id, wrapped_key, ciphertext) VALUES ($1, $2, $3, $4)
  ON CONFLICT DO NOTHING`;

/**
 * 32 random bytes for one purpose, the same for every instance on this database and for no other. Throws when they were
 * sealed under another key-encryption key than the configured one.
 */
export async function sealedSecret(dataSource: DataSource, kek: KeyEncryptionKey, purpose: string): Promise<Buffer> {
  const context = `keyward|${purpose}|1`;
  const { kekId, wrappedKey, ciphertext } = seal(kek, randomBytes(32), context);
  await query(dataSource, 'create-sealed-secret', CREATE, [purpose, kekId, wrappedKey, ciphertext]);
  const [sealed] = await query<Sealed>(dataSource, 'find-sealed-secret', FIND, [purpose]);
  if (!sealed) throw new Error(`the sealed secret ${purpose} is gone`);
  return open(kek, sealed, context);
}
