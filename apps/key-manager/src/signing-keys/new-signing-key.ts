import { inOrganization } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import { seal, type KeyEncryptionKey } from '../sealing/envelope';
import { newSigningKeyPair } from './jws';
import { SigningKeyEntity } from './signing-key.entity';

/** What a private key is sealed for: organization, kid, algorithm, purpose, version. Elsewhere it does not open. */
export const contextOf = (organizationId: string, kid: string): string => `${organizationId}|${kid}|ES256|sign|1`;

/** Generates, seals and inserts a key that begins to sign at `activatesAt`. */
export async function insertSigningKey(
  manager: EntityManager,
  kek: KeyEncryptionKey,
  organizationId: string,
  { now, activatesAt }: { now: number; activatesAt: Date },
): Promise<void> {
  const { publicJwk, privateJwk } = newSigningKeyPair();
  const plaintext = Buffer.from(JSON.stringify(privateJwk));
  const { kid } = publicJwk;
  await manager.insert(SigningKeyEntity, {
    organizationId,
    kid,
    publicJwk,
    ...seal(kek, plaintext, contextOf(organizationId, kid)),
    publishedAt: new Date(now),
    activatesAt,
    expiresAt: null,
  });
  plaintext.fill(0);
}

/** The organization's first key: of all instances that need it at once, one makes it. */
export const ensureSigningKey = (
  dataSource: DataSource,
  kek: KeyEncryptionKey,
  organizationId: string,
  now: number,
): Promise<void> =>
  inOrganization(dataSource, organizationId, async (manager) => {
    await lockSigningKeys(manager, organizationId);
    if (await manager.existsBy(SigningKeyEntity, { organizationId })) return;
    await insertSigningKey(manager, kek, organizationId, { now, activatesAt: new Date(now) });
  });

/** Until the transaction ends, nobody else makes or retires a key of this organization. */
export const lockSigningKeys = (manager: EntityManager, organizationId: string): Promise<unknown> =>
  manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('key-manager.signing-keys ' || $1, 0))`, [
    organizationId,
  ]);
