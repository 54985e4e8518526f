import type { SigningAlgorithm } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import type { DataSource, EntityManager } from 'typeorm';
import type { Sealing } from '../sealing/sealing';
import { newSigningKeyPair } from './jws';
import { SigningKeyEntity } from './signing-key.entity';

/** What a private key is sealed for: organization, kid, algorithm, purpose, version. Elsewhere it does not open. */
export const contextOf = (organizationId: string, kid: string, alg: SigningAlgorithm): string =>
  `${organizationId}|${kid}|${alg}|sign|1`;

/** Generates, seals and inserts a key that begins to sign at `activatesAt`. */
export async function insertSigningKey(
  manager: EntityManager,
  sealing: Sealing,
  organizationId: string,
  alg: SigningAlgorithm,
  { now, activatesAt }: { now: number; activatesAt: Date },
): Promise<void> {
  const { publicJwk, privateJwk } = await newSigningKeyPair(alg);
  const plaintext = Buffer.from(JSON.stringify(privateJwk));
  const { kid } = publicJwk;
  await manager.insert(SigningKeyEntity, {
    organizationId,
    kid,
    alg,
    publicJwk,
    ...(await sealing.seal(plaintext, contextOf(organizationId, kid, alg))),
    publishedAt: new Date(now),
    activatesAt,
    expiresAt: null,
  });
  plaintext.fill(0);
}

/** The organization's first key of an algorithm: of all instances that need it at once, one makes it. */
export const ensureSigningKey = (
  dataSource: DataSource,
  sealing: Sealing,
  organizationId: string,
  alg: SigningAlgorithm,
  now: number,
): Promise<void> =>
  inOrganization(dataSource, organizationId, (manager) => insertFirstKey(manager, sealing, organizationId, alg, now));

/** The same in a transaction that is there. */
export async function insertFirstKey(
  manager: EntityManager,
  sealing: Sealing,
  organizationId: string,
  alg: SigningAlgorithm,
  now: number,
): Promise<void> {
  await lockSigningKeys(manager, organizationId);
  if (await manager.existsBy(SigningKeyEntity, { organizationId, alg })) return;
  await insertSigningKey(manager, sealing, organizationId, alg, { now, activatesAt: new Date(now) });
}

/** Until the transaction ends, nobody else makes or retires a key of this organization. */
export const lockSigningKeys = (manager: EntityManager, organizationId: string): Promise<unknown> =>
  manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('key-manager.signing-keys ' || $1, 0))`, [
    organizationId,
  ]);
