import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import { checkClient, ServiceError, type Organization } from '@keyward/contracts';

/** The clients behind tokens that were already issued. */
@Injectable()
export class Clients {
  constructor(private readonly bus: Bus) {}

  /** Whether a client may still have tokens: not when its consumer key is disabled or gone (abuse 14). */
  async isActive(clientId: string, { id: organizationId }: Organization, call: Call): Promise<boolean> {
    return this.bus.call(checkClient, { organizationId, clientId }, call).then(() => true, gone);
  }
}

function gone(error: unknown): false {
  if (error instanceof ServiceError && error.code === 'invalid_client') return false;
  throw error;
}
