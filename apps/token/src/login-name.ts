/** The form of an org key in either case; ASCII alone, because `toLowerCase` would make some other letters fit. */
const ORG_KEY_FORM = /^[A-Za-z0-9](-?[A-Za-z0-9])*$/;

/** Whom a login name names. Without an org key it is a user of the organization that owns the client. */
export interface LoginName {
  username: string;
  orgKey?: string;
}

/**
 * Splits `username@orgkey` at its last `@`, by the form of what follows alone (RO-10): whether such an organization
 * exists must not change what a name means. An org key has no dot, so a mail domain is never taken for one.
 */
export function parseLoginName(loginName: string): LoginName {
  const at = loginName.lastIndexOf('@');
  const key = loginName.slice(at + 1);
  if (at < 0 || key.length < 2 || key.length > 63 || !ORG_KEY_FORM.test(key)) return { username: loginName };
  return { username: loginName.slice(0, at), orgKey: key.toLowerCase() };
}
