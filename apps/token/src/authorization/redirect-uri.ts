import type { RelyingParty } from '@keyward/contracts';

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|\[::1\]|localhost)(:\d{1,5})?(\/|$)/;

/**
 * Whether a redirect URI is registered: the same characters, nothing else (RFC 9700 §4.1.3). Only the port of a loopback
 * address is left to a native application, which gets one when it asks (RFC 8252 §7.3).
 */
export function isRegistered(
  uri: string,
  registered: readonly string[],
  type: RelyingParty['applicationType'],
): boolean {
  if (registered.includes(uri)) return true;
  return type === 'native' && LOOPBACK.test(uri) && registered.some((one) => isSameButPort(uri, one));
}

const isSameButPort = (uri: string, registered: string): boolean =>
  LOOPBACK.test(registered) && withoutPort(uri) === withoutPort(registered);

/** The first match alone: what follows the host is compared as it is. */
const withoutPort = (uri: string): string => uri.replace(LOOPBACK, 'http://$1$3');
