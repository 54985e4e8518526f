import { ServiceError } from '@keyward/contracts';

/**
 * Whether resources are known that a `resource` parameter names, RFC 8707 §2, with a space between them. The one that a token
 * can be for is the organization's API, so it is that or nothing.
 */
export const areKnown = (resource: string, audience: string): boolean =>
  resource.split(' ').every((named) => named === audience);

/** Errors: `invalid_target` for what is not an absolute URI, has a fragment, or is not known (RI-01). */
export function assertResources(resource: string, audience: string): void {
  if (!areKnown(resource, audience)) throw new ServiceError('invalid_target', 'The resource is unknown');
}
