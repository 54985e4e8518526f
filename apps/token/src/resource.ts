import { ServiceError } from '@keyward/contracts';

/**
 * The `resource` parameter, RFC 8707 §2: absolute URIs without fragment, a space between them. The one resource that a token can
 * be for is the organization's API, so it is that or nothing. Errors: `invalid_target` (RI-01).
 */
export function assertResources(resource: string, audience: string): void {
  for (const named of resource.split(' ')) {
    if (!URL.canParse(named) || named.includes('#'))
      throw new ServiceError('invalid_target', 'resource must be an absolute URI without fragment');
    if (named !== audience) throw new ServiceError('invalid_target', 'The resource is unknown');
  }
}
