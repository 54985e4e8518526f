import { ServiceError } from '@keyward/contracts';
import { isLoopback } from '@keyward/runtime';

/**
 * Origins as RFC 6454 §6.2 writes them, which is how browsers send them: they are compared as they stand. Throws
 * `invalid_request` for any other spelling, and for plain http of anything but the developer's own machine.
 */
export function assertOrigins(origins: readonly string[]): void {
  for (const origin of origins) {
    const url = URL.canParse(origin) ? new URL(origin) : undefined;
    const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopback(url.hostname));
    if (!url || !isSafe || url.origin !== origin || origin.includes('*'))
      throw new ServiceError('invalid_request', 'an origin is https://host or https://host:port, nothing after');
  }
}
