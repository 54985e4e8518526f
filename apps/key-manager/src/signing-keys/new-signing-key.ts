import type { SigningAlgorithm } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import type { Sealing } from '../sealing/sealing';
import { newSigningKeyPair } from './jws';
import type { KeyStock } from './key-stock';
import { SigningKeyEntity } from './signing-key.entity';

/** A key pair of an organization, sealed, that nobody knows yet. */
export type NewSigningKey = Omit<SigningKeyEntity, 'publishedAt' | 'activatesAt' | 'expiresAt'>;

/** What a private key is sealed for: organization, kid, algorithm, purpose, version. Elsewhere it does not open. */
export const contextOf = (organizationId: string, kid: string, alg: SigningAlgorithm): string =>
  `${organizationId}|${kid}|${alg}|sign|1`;

/** Makes the keys of organizations: key pairs of a stock, sealed. */
export class KeyMaker {
  constructor(
    private readonly sealing: Sealing,
    private readonly stock: KeyStock,
  ) {}

  /** Resolves when a key that nobody waits for may be made. */
  spare(alg: SigningAlgorithm): Promise<void> {
    return alg === 'RS256' ? this.stock.spare() : Promise.resolve();
  }

  /** Done before a transaction begins: it may take its time, and sealing may be a request to another server. */
  async make(organizationId: string, alg: SigningAlgorithm): Promise<NewSigningKey> {
    const { publicJwk, privateJwk } = await (alg === 'RS256' ? this.stock.take() : newSigningKeyPair(alg));
    const plaintext = Buffer.from(JSON.stringify(privateJwk));
    const { kid } = publicJwk;
    try {
      const sealed = await this.sealing.seal(plaintext, contextOf(organizationId, kid, alg));
      return { organizationId, kid, alg, publicJwk, ...sealed };
    } finally {
      plaintext.fill(0);
    }
  }
}

/** Inserts a key that begins to sign at `activatesAt`. */
export async function insertSigningKey(
  manager: EntityManager,
  made: NewSigningKey,
  { now, activatesAt }: { now: number; activatesAt: Date },
): Promise<void> {
  await manager.insert(SigningKeyEntity, { ...made, publishedAt: new Date(now), activatesAt, expiresAt: null });
}

/** The first key of an algorithm; of no use when there is one already. */
export async function insertFirstKey(manager: EntityManager, made: NewSigningKey, now: number): Promise<void> {
  const { organizationId, alg } = made;
  await lockSigningKeys(manager, organizationId);
  if (await manager.existsBy(SigningKeyEntity, { organizationId, alg })) return;
  await insertSigningKey(manager, made, { now, activatesAt: new Date(now) });
}

/** Until the transaction ends, nobody else makes or retires a key of this organization. */
export const lockSigningKeys = (manager: EntityManager, organizationId: string): Promise<unknown> =>
  manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('key-manager.signing-keys ' || $1, 0))`, [
    organizationId,
  ]);
