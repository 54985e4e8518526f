import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { idBytes } from '../time-id';

const NONCE = 12;
const TAG = 16;
/** HKDF-Expand (RFC 5869 §2.3) to one block: the predecessor is as random as a key, so nothing is to be extracted (§3.3). */
const keyOf = (predecessor: string): Buffer =>
  createHmac('sha256', predecessor).update('keyward refresh successor\u0001').digest();

/**
 * Seals a successor's secret under its predecessor's text, which is stored nowhere: the row alone reveals nothing, the
 * predecessor sent again opens it (RT-05). AES-256-GCM with the family as associated data.
 */
export function sealSuccessor(predecessor: string, family: string, secret: Buffer): Buffer {
  const nonce = randomBytes(NONCE);
  const cipher = createCipheriv('aes-256-gcm', keyOf(predecessor), nonce).setAAD(idBytes(family));
  return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when the predecessor is not the one it was sealed under. */
export function openSuccessor(predecessor: string, family: string, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(predecessor), sealed.subarray(0, NONCE), {
    authTagLength: TAG,
  })
    .setAAD(idBytes(family))
    .setAuthTag(sealed.subarray(-TAG));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
}
