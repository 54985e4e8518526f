import { randomInt } from 'node:crypto';
import { ServiceError } from '@keyward/contracts';
import { usernameKey } from '../users/username';

const MIN_CHARACTERS = 15;
const MAX_BYTES = 1024;
/** Shorter names are in too many good passwords by chance. */
const TELLING_NAME = 4;

/** Without what is mistaken for something else when it is read or heard: 0 O, 1 l I, and `o`. */
const ALPHABET = '23456789abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ';
const GENERATED_LENGTH = 28;

/** Throws `invalid_request` for more than is ever hashed, before anything is done with it (BF-07). */
export function refuseOversized(password: string): void {
  if (Buffer.byteLength(password) > MAX_BYTES)
    throw new ServiceError('invalid_request', `a password has at most ${MAX_BYTES} bytes`);
}

/** Throws `invalid_request` for a password that may not be set. What is set is never trimmed nor changed. */
export function checkNewPassword(password: string, username: string): void {
  refuseOversized(password);
  // NIST SP 800-63B-4 §3.1.1.2: at least 15 characters, each code point being one; nothing is asked of their kinds.
  if ([...password].length < MIN_CHARACTERS)
    throw new ServiceError('invalid_request', `a password has at least ${MIN_CHARACTERS} characters`);
  const name = usernameKey(username);
  if (name.length >= TELLING_NAME && usernameKey(password).includes(name))
    throw new ServiceError('invalid_request', 'a password may not contain the username');
}

/** Some 162 bits of randomness that can be read out and typed. */
export const generatePassword = (): string =>
  Array.from({ length: GENERATED_LENGTH }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
