import { ROOT_ORGANIZATION, ServiceError, type Organization } from '@keyward/contracts';
import type { Organizations } from '@keyward/runtime';

/**
 * The active organization of a path, `root` when there is none in it. Throws `not_found`, one for unknown and suspended
 * ones (DS-07); `temporarily_unavailable` when too little is known to tell.
 */
export async function organizationAt(organizations: Organizations, orgkey?: string): Promise<Organization> {
  const organization = await organizations.activeByKeyNow((orgkey ?? ROOT_ORGANIZATION.key).toLowerCase());
  if (!organization) throw new ServiceError('not_found');
  return organization;
}
