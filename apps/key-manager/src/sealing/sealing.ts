import { randomBytes } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm';
import type { KeyEncryption, WrappedKey } from './key-encryption';

/** Something encrypted under a data key of its own, and that key encrypted under a key-encryption key. */
export interface Sealed extends WrappedKey {
  ciphertext: Buffer;
}

/** Seals under one key-encryption key and opens what was sealed under any that is configured. */
export class Sealing {
  private readonly all: readonly KeyEncryption[];

  constructor(
    private readonly newest: KeyEncryption,
    ...others: KeyEncryption[]
  ) {
    this.all = [newest, ...others];
  }

  /** Encrypts so that it opens only where `context` is the same: a row copied to another place is of no use there. */
  async seal(plaintext: Buffer, context: string): Promise<Sealed> {
    const key = randomBytes(32);
    try {
      return { ...(await this.newest.wrap(key, context)), ciphertext: encrypt(key, plaintext, context) };
    } finally {
      key.fill(0);
    }
  }

  /** Throws when anything differs, or when the key-encryption key is not configured. */
  async open(sealed: Sealed, context: string): Promise<Buffer> {
    const key = await this.unwrap(sealed, context);
    try {
      return decrypt(key, sealed.ciphertext, context);
    } finally {
      key.fill(0);
    }
  }

  /** The same data key under the newest key-encryption key: what it encrypts stays as it is. */
  async rewrap(wrapped: WrappedKey, context: string): Promise<WrappedKey> {
    const key = await this.unwrap(wrapped, context);
    try {
      return await this.newest.wrap(key, context);
    } finally {
      key.fill(0);
    }
  }

  /** The key that seals now. A server that keeps it may have made a newer one since. */
  async current(): Promise<string> {
    return (await this.newest.wrap(randomBytes(32), 'keyward|which key|1')).kekId;
  }

  /** Whether something sealed under this key can be opened. */
  holds(kekId: string): boolean {
    return this.all.some((keys) => keys.holds(kekId));
  }

  private unwrap(wrapped: WrappedKey, context: string): Promise<Buffer> {
    const keys = this.all.find((one) => one.holds(wrapped.kekId));
    if (!keys) throw new Error(`sealed under the key-encryption key ${wrapped.kekId}, which is not configured`);
    return keys.unwrap(wrapped, context);
  }
}
