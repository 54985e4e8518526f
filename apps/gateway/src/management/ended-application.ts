import type { Call } from '@keyward/bus';
import { deleteApplication, findApplication, forgetApplication, forgetClients, listKeys } from '@keyward/contracts';
import type { ManagementBus } from './management';

/**
 * Ends an application, with its subscriptions, its consumer keys and what users have agreed to. What the catalog has of it goes
 * first: while the catalog is away nothing ends, and who asks again finds the application still there.
 */
export async function endApplication(
  services: ManagementBus,
  orgkey: string,
  application: string,
  call: Call,
): Promise<void> {
  const { id } = await services.call(findApplication, orgkey, { application }, call);
  // Fewer than a page can have.
  const { items } = await services.call(listKeys, orgkey, { application: id, limit: 200 }, call);
  const forget = () => services.call(forgetApplication, orgkey, { applicationId: id }, call);
  await forget();
  await services.call(deleteApplication, orgkey, { application: id }, call);
  const clientIds = items.map(({ consumerKey }) => consumerKey);
  // It may have subscribed in between. It has ended all the same, so that nobody could ask again.
  const again = forget().catch(() => undefined);
  await services.call(forgetClients, orgkey, { clientIds }, call);
  await again;
}
