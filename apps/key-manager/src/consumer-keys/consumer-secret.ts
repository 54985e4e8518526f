import { createHmac, createSecretKey, randomBytes, timingSafeEqual, type KeyObject } from 'node:crypto';
import { ServiceError } from '@keyward/contracts';

/** 256 random bits. */
export const newConsumerSecret = (): string => randomBytes(32).toString('base64url');

/** Makes what is stored of a secret: an HMAC under a key that is sealed in the database. */
export class SecretMacs {
  private readonly key: KeyObject;

  constructor(key: Buffer) {
    this.key = createSecretKey(key);
  }

  /** Binds the secret to its consumer key, so that two clients with the same secret do not show it. */
  of(consumerKey: string, secret: string): Buffer {
    return createHmac('sha256', this.key).update(`${consumerKey}\0${secret}`).digest();
  }
}

/** Takes the same time wherever the two differ. */
export const sameMac = (one: Buffer, other: Buffer): boolean =>
  one.length === other.length && timingSafeEqual(one, other);

/** NIST SP 800-131A: below this a fast MAC does not protect a stolen table. */
const LEAST_BITS = 112;
const LEAST_LENGTH = 20;
/** Random ones of the least length have some 16, hexadecimal ones 13. */
const LEAST_DISTINCT = 10;
const LEAST_DISTINCT_DIGITS = 8;
const HEXADECIMAL = /^[0-9a-f-]+$/i;

/** Refuses a secret of another server whose form cannot carry 112 random bits. Throws `invalid_request`. */
export function assertStrong(secret: string): void {
  if (!/^[\w~.-]*$/.test(secret)) throw weak('may contain letters, digits, "-", ".", "_" and "~" only');
  if (secret.length < LEAST_LENGTH) throw weak(`must be at least ${LEAST_LENGTH} characters long`);
  const distinct = HEXADECIMAL.test(secret) ? LEAST_DISTINCT_DIGITS : LEAST_DISTINCT;
  if (new Set(secret).size < distinct || mostBits(secret) < LEAST_BITS)
    throw weak(`must be random, of ${LEAST_BITS} bits or more: generate a new one instead of importing this`);
}

const weak = (why: string) => new ServiceError('invalid_request', `consumerSecret ${why}`);

/** The most a string of this length from the kinds of characters it shows can carry. */
function mostBits(secret: string): number {
  if (HEXADECIMAL.test(secret)) return secret.replaceAll('-', '').length * 4; // hexadecimal, or a UUID
  const kinds: [RegExp, number][] = [
    [/[a-z]/, 26],
    [/[A-Z]/, 26],
    [/[0-9]/, 10],
    [/[_~.-]/, 4],
  ];
  const alphabet = kinds.reduce((size, [kind, letters]) => (kind.test(secret) ? size + letters : size), 0);
  return secret.length * Math.log2(alphabet);
}
