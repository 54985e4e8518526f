import type { Call } from '@keyward/bus';
import { deleteApplication, findApplication, forgetApplication, forgetClients, listKeys } from '@keyward/contracts';
import type { ManagementBus } from './management';

/** Ends an application, with its consumer keys, its subscriptions and what users have agreed to. */
export async function endApplication(
  services: ManagementBus,
  orgkey: string,
  application: string,
  call: Call,
): Promise<void> {
  const { id } = await services.call(findApplication, orgkey, { application }, call);
  // Fewer than a page can have.
  const { items } = await services.call(listKeys, orgkey, { application: id, limit: 200 }, call);
  await services.call(deleteApplication, orgkey, { application: id }, call);
  await services.call(forgetApplication, orgkey, { applicationId: id }, call);
  const clientIds = items.map(({ consumerKey }) => consumerKey);
  await services.call(forgetClients, orgkey, { clientIds }, call);
}
