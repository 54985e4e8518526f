import { ServiceError, type ApplicationType } from '@keyward/contracts';

/** RFC 8252 §7.3, §8.3: on the user's own device, where no certificate can be had. */
const LOOPBACK = new Set(['127.0.0.1', '[::1]', 'localhost']);
/** RFC 8252 §7.1: a scheme of the application's own is a domain name reversed, so it has a dot. */
const PRIVATE_SCHEME = /^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+:$/;

/**
 * Refuses what must not be redirected to (RFC 6749 §3.1.2, RFC 9700 §4.1.3). Only the one spelling that browsers keep is
 * taken: a URI that they would change on the way could not be compared character by character. Throws `invalid_request`.
 */
export function assertRedirectUri(uri: string, type: ApplicationType): void {
  const problem = problemOf(uri, type);
  if (problem) throw new ServiceError('invalid_request', `a redirect URI ${problem}`);
}

function problemOf(uri: string, type: ApplicationType): string | undefined {
  const url = parse(uri);
  if (!url) return 'must be an absolute URI';
  if (uri.includes('#')) return 'must not have a fragment';
  if (url.username !== '' || url.password !== '' || /^[a-z]+:\/\/[^/]*@/.test(uri)) return 'must not name a user';
  if (uri.includes('*')) return 'must not have a wildcard';
  if (!isCanonical(uri, url)) return 'must be written as browsers write it';
  if (url.protocol === 'https:') return undefined;
  if (url.protocol === 'http:') return LOOPBACK.has(url.hostname) ? undefined : 'must use https';
  if (type === 'native' && PRIVATE_SCHEME.test(url.protocol)) return undefined;
  return type === 'native' ? 'must use https, or a scheme with a dot' : 'must use https';
}

function parse(uri: string): URL | undefined {
  try {
    return new URL(uri);
  } catch {
    return undefined;
  }
}

/** An empty path may be left out; encoded dots and slashes are there for whoever compares less strictly (abuse 36). */
const isCanonical = (uri: string, { href, pathname }: URL): boolean =>
  (href === uri || href === `${uri}/`) && !/[^\x21-\x7e]|%[01]|%7f|\\/i.test(uri) && !/%(2e|2f|5c)|;/i.test(pathname);
