import { createPrivateKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { BoundedMap } from '../bounded-map';
import type { Sealing } from '../sealing/sealing';
import { contextOf } from './new-signing-key';
import type { SigningKeyEntity } from './signing-key.entity';

const nameOf = ({ organizationId, kid }: SigningKeyEntity): string => `${organizationId} ${kid}`;

/**
 * Private keys that have signed, apart from the rows they are sealed in: those are read again after every change, and this
 * must not need the key-encryption key, which may be with a server that is away.
 */
export class OpenedKeys {
  private readonly opened: BoundedMap<KeyObject>;
  private readonly opening = new Map<string, Promise<KeyObject>>();

  constructor(
    private readonly sealing: Sealing,
    limit: number,
  ) {
    this.opened = new BoundedMap(limit);
  }

  /** Opened once for all who ask. */
  async get(key: SigningKeyEntity): Promise<KeyObject> {
    const name = nameOf(key);
    const opened = this.opened.get(name);
    if (opened) return opened;
    const opening = this.opening.get(name) ?? this.open(key).finally(() => this.opening.delete(name));
    this.opening.set(name, opening);
    const privateKey = await opening;
    this.opened.set(name, privateKey);
    return privateKey;
  }

  private async open(key: SigningKeyEntity): Promise<KeyObject> {
    const jwk = await this.sealing.open(key, contextOf(key.organizationId, key.kid, key.alg));
    try {
      return createPrivateKey({ key: JSON.parse(jwk.toString()) as JsonWebKey, format: 'jwk' });
    } finally {
      jwk.fill(0);
    }
  }
}
