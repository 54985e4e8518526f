import { ORG_KEY, ServiceError } from '@keyward/contracts';

/** With `@` and an org key of 63 it is a login name of 384 at most (BF-08). */
const MAX_LENGTH = 320;
/** Control, format (bidi overrides, zero width) and surrogate characters, line and paragraph separators. */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/** What two usernames have in common when they are the same one. */
export const usernameKey = (username: string): string => username.normalize('NFC').toLowerCase().normalize('NFC');

/** Why a username cannot be one; `undefined` when it can. */
export function problemOfUsername(username: string): string | undefined {
  if (username === '') return 'a username may not be empty';
  if (username.length > MAX_LENGTH) return `a username has at most ${MAX_LENGTH} characters`;
  if (username.trim() !== username) return 'a username may not start or end with a blank';
  if (INVISIBLE.test(username)) return 'a username may not contain control characters';
  if (endsInOrgKey(username)) return 'a username may not end in @ and an org key';
  return undefined;
}

/** What to look a name up by: of one that cannot be a username, the empty one, which is nobody's. */
export const lookupKey = (name: string): string =>
  problemOfUsername(name.normalize('NFC')) === undefined ? usernameKey(name) : '';

/** The username as it is stored. Throws `invalid_request` when it cannot be one. */
export function checkUsername(given: string): string {
  const username = given.normalize('NFC');
  const problem = problemOfUsername(username);
  if (problem) throw new ServiceError('invalid_request', problem);
  return username;
}

/** Such a name would be read as a login name of another organization, whether or not that exists. */
function endsInOrgKey(username: string): boolean {
  const at = username.lastIndexOf('@');
  const key = username.slice(at + 1).toLowerCase();
  return at >= 0 && key.length >= 2 && key.length <= 63 && ORG_KEY.test(key);
}
