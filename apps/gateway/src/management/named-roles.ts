import type { Call } from '@keyward/bus';
import { findRole, ServiceError } from '@keyward/contracts';
import type { ManagementBus } from './management';

/** Roles are the directory's, so it says which there are. Throws `invalid_request` for one that is not there. */
export async function assertRoles(
  services: ManagementBus,
  orgkey: string,
  roles: readonly string[] | null | undefined,
  call: Call,
): Promise<void> {
  for (const role of roles ?? [])
    await services.call(findRole, orgkey, { role }, call).catch((error: unknown) => {
      if (!(error instanceof ServiceError) || error.code !== 'not_found') throw error;
      throw new ServiceError('invalid_request', `there is no role ${role}: create it first`);
    });
}
