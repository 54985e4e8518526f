import { createHmac } from 'node:crypto';
import { random } from '../random';
import { SECRET } from '../token-string';

const SALT = 32;

/** What is stored of a successor: random, and of no use without the predecessor's text, which is stored nowhere. */
export const newSalt = (): Buffer => random(SALT);

/**
 * The secret of a refresh token's successor, which only who has the token can tell, with what is stored beside its family: sent again,
 * it gives the same (RT-05). HKDF-Expand (RFC 5869 §2.3) to one block: the text is as random as a key, so nothing is to be
 * extracted (§3.3).
 */
export const successorSecret = (predecessor: string, salt: Buffer): Buffer =>
  createHmac('sha512', predecessor)
    .update('keyward refresh successor')
    .update(salt)
    .update('\u0001')
    .digest()
    .subarray(0, SECRET);
