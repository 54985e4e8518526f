import type { KeyObject } from 'node:crypto';
import { ServiceError, type PublicJwk, type SigningAlgorithm, type SigningKey } from '@keyward/contracts';
import { query, queryInOrganization } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { LoadingCache } from '../loading-cache';
import type { Sealing } from '../sealing/sealing';
import { compactJws, encodedHeader } from './jws';
import { activeAt, isGone, LONGEST_TOKEN, stateOf } from './life-cycle';
import type { KeyMaker } from './new-signing-key';
import { OpenedKeys } from './opened-keys';
import type { SigningKeyEntity } from './signing-key.entity';

/** A signing key in memory; its private half is opened when it first signs. */
interface HeldKey extends SigningKeyEntity {
  privateKey?: KeyObject;
  headers: Map<string, string>;
}

const LIMITS = { present: 10_000, absent: 1, absentFor: 0 };
/** Private keys at once, of both algorithms. */
const OPENED = 20_000;
/** First keys that are to be made when there is time. */
const PREPARED_LATER = 10_000;
const SKEW = 60;

const COLUMNS = `organization_id AS "organizationId", kid, alg, public_jwk AS "publicJwk", kek_id AS "kekId",
  wrapped_key AS "wrappedKey", ciphertext, published_at AS "publishedAt", activates_at AS "activatesAt",
  expires_at AS "expiresAt"`;
const FIND = `SELECT ${COLUMNS} FROM signing_keys WHERE organization_id = $1 ORDER BY activates_at DESC`;
const INSERT_FIRST = `SELECT ${COLUMNS} FROM insert_first_signing_key($1, $2, $3, $4, $5, $6, $7, $8)
  ORDER BY activates_at DESC`;

/** The signing keys of every organization that signs: after the first use of each, memory only. */
export class KeyRing {
  private readonly keys: LoadingCache<HeldKey[]>;
  private readonly opened: OpenedKeys;
  private readonly making = new Map<string, Promise<void>>();
  private readonly later = new Map<string, [organizationId: string, alg: SigningAlgorithm]>();
  private preparing = false;
  /** Makes the first key of another algorithm, so that every instance knows it; set when there is a feed to tell it. */
  ensure?: (organizationId: string, alg: SigningAlgorithm) => Promise<void>;

  constructor(
    private readonly dataSource: DataSource,
    private readonly maker: KeyMaker,
    sealing: Sealing,
    private readonly now: () => number,
  ) {
    this.opened = new OpenedKeys(sealing, OPENED);
    this.keys = new LoadingCache(LIMITS, (organizationId) => this.load(organizationId), now);
  }

  /** Signs claims as they are with the organization's active key. Throws `invalid_request`. */
  async sign(
    organizationId: string,
    alg: SigningAlgorithm,
    type: string,
    claims: Record<string, unknown>,
  ): Promise<string> {
    assertShortLived(claims, this.now());
    const all = this.keys.held(organizationId) ?? (await this.of(organizationId));
    let keys = all.filter((key) => key.alg === alg);
    if (keys.length === 0) keys = (await this.prepared(organizationId, alg)).filter((key) => key.alg === alg);
    // The first of all signs from the beginning, also where the clock is behind that of the instance that made it.
    const key = activeAt(keys, this.now()) ?? keys.at(-1);
    if (!key) throw new Error('an organization has a signing key');
    key.privateKey ??= await this.opened.get(key);
    let header = key.headers.get(type);
    if (header === undefined) key.headers.set(type, (header = encodedHeader(alg, type, key.kid)));
    return compactJws(alg, header, claims, key.privateKey);
  }

  /**
   * Sees to it that the first signature with an algorithm does not have to wait for its key; never fails. However many
   * organizations come at once, they leave keys in stock for those whose tokens are to be signed now.
   */
  prepare(organizationId: string, alg: SigningAlgorithm): void {
    const keys = this.keys.held(organizationId);
    if (keys?.some((key) => key.alg === alg) || this.later.size >= PREPARED_LATER) return;
    this.later.set(nameOf(organizationId, alg), [organizationId, alg]);
    void this.prepareAll();
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
      const state = stateOf(
        key,
        keys.filter(({ alg }) => alg === key.alg),
        now,
      );
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

  /** An organization that has no key gets its first one. */
  private async load(organizationId: string): Promise<HeldKey[]> {
    const found = await queryInOrganization<SigningKeyEntity>(this.dataSource, 'find-signing-keys', FIND, [
      organizationId,
    ]);
    const keys = found.length > 0 ? found : await this.makeFirst(organizationId);
    return keys.map((key) => ({ ...key, headers: new Map() }));
  }

  /** Of all instances that need it at once, one makes it. */
  private async makeFirst(organizationId: string): Promise<SigningKeyEntity[]> {
    const { kid, alg, publicJwk, kekId, wrappedKey, ciphertext } = await this.maker.make(organizationId, 'ES256');
    const values = [organizationId, kid, alg, publicJwk, kekId, wrappedKey, ciphertext, new Date(this.now())];
    return query<SigningKeyEntity>(this.dataSource, 'insert-first-signing-key', INSERT_FIRST, values);
  }

  private async prepareAll(): Promise<void> {
    if (this.preparing) return;
    this.preparing = true;
    for (const [name, [organizationId, alg]] of this.later) {
      await this.maker.spare(alg);
      this.later.delete(name);
      await this.prepared(organizationId, alg).catch(() => undefined);
    }
    this.preparing = false;
  }

  /** The keys, with one of this algorithm among them. */
  private async prepared(organizationId: string, alg: SigningAlgorithm): Promise<HeldKey[]> {
    const name = nameOf(organizationId, alg);
    const making = this.making.get(name) ?? this.make(organizationId, alg).finally(() => this.making.delete(name));
    this.making.set(name, making);
    await making;
    return this.of(organizationId);
  }

  private async make(organizationId: string, alg: SigningAlgorithm): Promise<void> {
    if ((await this.of(organizationId)).some((key) => key.alg === alg)) return;
    await this.ensure?.(organizationId, alg);
  }
}

const nameOf = (organizationId: string, alg: SigningAlgorithm): string => `${organizationId} ${alg}`;

const describe = (key: HeldKey, state: SigningKey['state']): SigningKey => ({
  kid: key.kid,
  alg: key.alg,
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
