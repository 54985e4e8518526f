import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { checkClient, ServiceError, type Client, type Organization } from '@keyward/contracts';

/** The clients behind tokens that were already issued. */
@Injectable()
export class Clients {
  constructor(private readonly bus: Bus) {}

  /** Whether a client may still have tokens: not when its consumer key is disabled or gone (abuse 14). */
  async isActive(clientId: string, { id: organizationId }: Organization, call: Call): Promise<boolean> {
    return this.bus.call(checkClient, { organizationId, clientId }, call).then(() => true, gone);
  }
}

/** Whether a client may act for users of that organization; of another than its own only while the operator lets it. */
export const takesUsersOf = (client: Client, userOrganizationId: string): boolean =>
  userOrganizationId === client.organizationId || client.multiOrganization;

function gone(error: unknown): false {
  if (error instanceof ServiceError && error.code === 'invalid_client') return false;
  throw error;
}
