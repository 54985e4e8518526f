import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const NONCE = 12; // 96 bits, drawn anew for every encryption (NIST SP 800-38D §8.2.2)
const TAG = 16;

/** The key that seals all others, 32 bytes. */
export class KeyEncryptionKey {
  /** Tells which key it was, without telling it. */
  readonly id: string;

  constructor(readonly key: Buffer) {
    const digest = createHash('sha256').update('keyward key-encryption key').update(key).digest('base64url');
    this.id = digest.slice(0, 16);
  }
}

/** Something encrypted under a data-encryption key of its own, and that key encrypted under the key-encryption key. */
export interface Sealed {
  kekId: string;
  wrappedKey: Buffer;
  ciphertext: Buffer;
}

/** Encrypts so that it opens only where `context` is the same: a row copied to another place is of no use there. */
export function seal(kek: KeyEncryptionKey, plaintext: Buffer, context: string): Sealed {
  const key = randomBytes(32);
  try {
    return { kekId: kek.id, wrappedKey: encrypt(kek.key, key, context), ciphertext: encrypt(key, plaintext, context) };
  } finally {
    key.fill(0);
  }
}

/** Throws when anything differs: the key-encryption key, the context, a single bit. */
export function open(kek: KeyEncryptionKey, sealed: Sealed, context: string): Buffer {
  if (sealed.kekId !== kek.id)
    throw new Error(`sealed under the key-encryption key ${sealed.kekId}, but the configured one is ${kek.id}`);
  const key = decrypt(kek.key, sealed.wrappedKey, context);
  try {
    return decrypt(key, sealed.ciphertext, context);
  } finally {
    key.fill(0);
  }
}

function encrypt(key: Buffer, plaintext: Buffer, context: string): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(context));
  const ciphertext = Buffer.concat([cipher.update(plaintext), cipher.final()]);
  return Buffer.concat([nonce, cipher.getAuthTag(), ciphertext]);
}

function decrypt(key: Buffer, box: Buffer, context: string): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, box.subarray(0, NONCE), { authTagLength: TAG })
    .setAAD(Buffer.from(context))
    .setAuthTag(box.subarray(NONCE, NONCE + TAG));
  return Buffer.concat([decipher.update(box.subarray(NONCE + TAG)), decipher.final()]);
}
