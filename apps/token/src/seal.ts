import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { random } from './random';

const NONCE = 12;
const TAG = 16;

/** HKDF-Expand (RFC 5869 §2.3) to one block: the text is as random as a key, so nothing is to be extracted (§3.3). */
const keyOf = (text: string, purpose: string): Buffer => createHmac('sha256', text).update(`${purpose}\u0001`).digest();

/** What is sealed under a text that is stored nowhere: what it is for, and the associated data. */
export interface Seal {
  text: string;
  purpose: string;
  aad: Buffer;
}

/** AES-256-GCM: what is stored reveals nothing, the text sent again opens it. */
export function seal({ text, purpose, aad }: Seal, content: Buffer): Buffer {
  const nonce = random(NONCE);
  const cipher = createCipheriv('aes-256-gcm', keyOf(text, purpose), nonce).setAAD(aad);
  return Buffer.concat([nonce, cipher.update(content), cipher.final(), cipher.getAuthTag()]);
}

/** Throws when it was sealed under another text, for another purpose or with other data. */
export function unseal({ text, purpose, aad }: Seal, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(text, purpose), sealed.subarray(0, NONCE), {
    authTagLength: TAG,
  })
    .setAAD(aad)
    .setAuthTag(sealed.subarray(-TAG));
  return Buffer.concat([decipher.update(sealed.subarray(NONCE, -TAG)), decipher.final()]);
}
