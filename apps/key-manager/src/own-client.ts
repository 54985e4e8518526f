import { CLI_CONSUMER_KEY, ROOT_ORGANIZATION, ServiceError } from '@keyward/contracts';

const NEEDED = 'Keyward itself is operated through this client';

/** Keyward's own client and its application have one name and stay: who takes them away cannot put them back. */
export function refuseOwnClient(organizationId: string, name: string, why = NEEDED): void {
  if (organizationId === ROOT_ORGANIZATION.id && name === CLI_CONSUMER_KEY)
    throw new ServiceError('invalid_request', why);
}
