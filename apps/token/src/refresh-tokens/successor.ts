import { createHmac } from 'node:crypto';
import { random } from '../random';
import { SECRET, writeToken, type Named, type TokenString } from '../token-string';

const SALT = 32;

/** A refresh token that follows another, and what is stored to tell it again: a salt, and its hash. */
export interface Successor {
  next: TokenString<'krt'>;
  kept: Buffer;
}

/** One that nobody has been given, and that nobody can tell without the text of its predecessor, which is stored nowhere. */
export function newSuccessor(predecessor: string, named: Named<'krt'>): Successor {
  const salt = random(SALT);
  const next = successorBy(predecessor, named, salt);
  return { next, kept: Buffer.concat([salt, next.hash]) };
}

/** The same once more (RT-05); `undefined` where what is kept is not of this predecessor, or of another version. */
export function sameSuccessor(predecessor: string, named: Named<'krt'>, kept: Buffer): TokenString<'krt'> | undefined {
  const next = successorBy(predecessor, named, kept.subarray(0, SALT));
  return next.hash.equals(kept.subarray(SALT)) ? next : undefined;
}

/** HKDF-Expand (RFC 5869 §2.3) to one block: the text is as random as a key, so nothing is to be extracted (§3.3). */
function successorBy(predecessor: string, named: Named<'krt'>, salt: Buffer): TokenString<'krt'> {
  const hmac = createHmac('sha512', predecessor).update('keyward refresh successor').update(salt).update('\u0001');
  return writeToken('krt', named, hmac.digest().subarray(0, SECRET));
}
