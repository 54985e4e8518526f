import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { ServiceError, type PublicJwk, type SigningKey } from '@keyward/contracts';
import { queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { LoadingCache } from '../loading-cache';
import { open, type KeyEncryptionKey } from '../sealing/envelope';
import { compactJws, encodedHeader } from './jws';
import { activeAt, isGone, LONGEST_TOKEN, stateOf } from './life-cycle';
import { contextOf, ensureSigningKey } from './new-signing-key';
import type { SigningKeyEntity } from './signing-key.entity';

/** A signing key in memory; its private half is opened when it first signs. */
interface HeldKey extends SigningKeyEntity {
  privateKey?: KeyObject;
  headers: Map<string, string>;
}

const LIMITS = { present: 10_000, absent: 1, absentFor: 0 };
const SKEW = 60;

const FIND = `
  SELECT organization_id AS "organizationId", kid, public_jwk AS "publicJwk", kek_id AS "kekId",
    wrapped_key AS "wrappedKey", ciphertext, published_at AS "publishedAt", activates_at AS "activatesAt",
    expires_at AS "expiresAt"
  FROM signing_keys WHERE organization_id = $1 ORDER BY activates_at DESC`;

/** The signing keys of every organization that signs: after the first use of each, memory only. */
export class KeyRing {
  private readonly keys: LoadingCache<HeldKey[]>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly kek: KeyEncryptionKey,
    private readonly now: () => number,
  ) {
    this.keys = new LoadingCache(LIMITS, (organizationId) => this.load(organizationId), now);
  }

  /** Signs claims as they are with the organization's active key. Throws `invalid_request`. */
  async sign(organizationId: string, type: string, claims: Record<string, unknown>): Promise<string> {
    assertShortLived(claims, this.now());
    const keys = this.keys.held(organizationId) ?? (await this.of(organizationId));
    // The first of all signs from the beginning, also where the clock is behind that of the instance that made it.
    const key = activeAt(keys, this.now()) ?? keys.at(-1);
    if (!key) throw new Error('an organization has a signing key');
    key.privateKey ??= this.unseal(key);
    let header = key.headers.get(type);
    if (header === undefined) key.headers.set(type, (header = encodedHeader(type, key.kid)));
    return compactJws(header, claims, key.privateKey);
  }

  /** Every key that a living token may be signed with, and the next one. */
  async published(organizationId: string): Promise<PublicJwk[]> {
    const keys = await this.of(organizationId);
    return keys.filter((key) => !isGone(key, this.now())).map(({ publicJwk }) => publicJwk);
  }

  /** The newest first. */
  async list(organizationId: string): Promise<SigningKey[]> {
    const [keys, now] = [await this.of(organizationId), this.now()];
    return keys.flatMap((key) => {
      const state = stateOf(key, keys, now);
      return state ? [describe(key, state)] : [];
    });
  }

  drop(organizationId: string): void {
    this.keys.drop(organizationId);
  }

  clear(): void {
    this.keys.clear();
  }

  private async of(organizationId: string): Promise<HeldKey[]> {
    return (await this.keys.get(organizationId)) ?? [];
  }

  /** Makes the first key of an organization that has none. */
  private async load(organizationId: string): Promise<HeldKey[]> {
    const find = () =>
      queryInOrganization<SigningKeyEntity>(this.dataSource, 'find-signing-keys', FIND, [organizationId]);
    let keys = await find();
    if (keys.length === 0) {
      await ensureSigningKey(this.dataSource, this.kek, organizationId, this.now());
      keys = await find();
    }
    return keys.map((key) => ({ ...key, headers: new Map() }));
  }

  private unseal(key: HeldKey): KeyObject {
    const jwk = open(this.kek, key, contextOf(key.organizationId, key.kid));
    try {
      return createPrivateKey({ key: JSON.parse(jwk.toString()) as JsonWebKey, format: 'jwk' });
    } finally {
      jwk.fill(0);
    }
  }
}

const describe = (key: HeldKey, state: SigningKey['state']): SigningKey => ({
  kid: key.kid,
  alg: 'ES256',
  state,
  publishedAt: key.publishedAt.toISOString(),
  activatesAt: key.activatesAt.toISOString(),
  expiresAt: key.expiresAt?.toISOString() ?? null,
});

/** A retired key is gone once no token of it is alive, which holds only while none lives longer than that. */
function assertShortLived({ iss, exp }: Record<string, unknown>, now: number): void {
  if (typeof iss !== 'string' || !Number.isInteger(exp))
    throw new ServiceError('invalid_request', 'iss or exp is missing');
  if (Number(exp) > now / 1000 + LONGEST_TOKEN + SKEW)
    throw new ServiceError('invalid_request', 'exp is too far ahead');
}
