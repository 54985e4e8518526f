import { randomBytes } from 'node:crypto';

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_';
const LENGTH = 28;

/**
 * A consumer key in the alphabet of API Manager's, 167 random bits. It has no hyphen, so it is never a user's id, which
 * is a UUID: `sub` means one of them (RFC 9700 §4.15).
 */
export function newConsumerKey(): string {
  let key = '';
  while (key.length < LENGTH)
    for (const byte of randomBytes(LENGTH)) {
      const character = ALPHABET[byte & 63]; // 63 letters: the 64th value is drawn again, or some would be likelier
      if (character && key.length < LENGTH) key += character;
    }
  return key;
}
