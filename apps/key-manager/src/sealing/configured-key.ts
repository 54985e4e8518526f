import { createHash } from 'node:crypto';
import { decrypt, encrypt } from './aes-gcm';
import type { KeyEncryption, WrappedKey } from './key-encryption';

/** A key-encryption key of 32 bytes that the configuration holds, in the environment or in a file. */
export class ConfiguredKey implements KeyEncryption {
  /** Tells which key it is, without telling it. */
  readonly id: string;

  constructor(private readonly key: Buffer) {
    const digest = createHash('sha256').update('keyward key-encryption key').update(key).digest('base64url');
    this.id = digest.slice(0, 16);
  }

  wrap(key: Buffer, context: string): Promise<WrappedKey> {
    return Promise.resolve({ kekId: this.id, wrappedKey: encrypt(this.key, key, context) });
  }

  holds(kekId: string): boolean {
    return kekId === this.id;
  }

  unwrap({ wrappedKey }: WrappedKey, context: string): Promise<Buffer> {
    return new Promise((resolve) => resolve(decrypt(this.key, wrappedKey, context)));
  }
}
