import { Handle } from '@keyward/bus';
import {
  authenticateClient,
  checkClient,
  Empty,
  type AuthenticateClient,
  type CheckClient,
  type Client,
} from '@keyward/contracts';
import { Controller } from '@nestjs/common';
import { ClientAuthentication } from './client-authentication';

/** What the token service asks on every request. */
@Controller()
export class ClientsController {
  constructor(private readonly authentication: ClientAuthentication) {}

  @Handle(authenticateClient)
  authenticate(request: AuthenticateClient): Promise<Client> {
    return this.authentication.authenticate(request);
  }

  @Handle(checkClient)
  async check(request: CheckClient): Promise<Empty> {
    await this.authentication.check(request);
    return new Empty();
  }
}
