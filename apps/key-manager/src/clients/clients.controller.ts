import { Handle } from '@keyward/bus';
import {
  assertClient,
  authenticateClient,
  checkClient,
  Empty,
  type AssertClient,
  type AuthenticateClient,
  type CheckClient,
  type Client,
} from '@keyward/contracts';
import { Controller } from '@nestjs/common';
import { AssertionAuthentication } from '../client-keys/assertion-authentication';
import { ClientAuthentication } from './client-authentication';

/** What the token service asks on every request. */
@Controller()
export class ClientsController {
  constructor(
    private readonly authentication: ClientAuthentication,
    private readonly assertions: AssertionAuthentication,
  ) {}

  @Handle(authenticateClient)
  authenticate(request: AuthenticateClient): Promise<Client> {
    return this.authentication.authenticate(request);
  }

  @Handle(assertClient)
  assert(request: AssertClient): Promise<Client> {
    return this.assertions.authenticate(request);
  }

  @Handle(checkClient)
  async check(request: CheckClient): Promise<Empty> {
    await this.authentication.check(request);
    return new Empty();
  }
}
