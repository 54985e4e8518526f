import { Handle } from '@keyward/bus';
import { verifyGrantAssertion, type AssertedUser, type VerifyGrantAssertion } from '@keyward/contracts';
import { Controller } from '@nestjs/common';
import { GrantAssertions } from './grant-assertions';

/** What the token service asks of an assertion that is to be a grant. */
@Controller()
export class GrantAssertionsController {
  constructor(private readonly assertions: GrantAssertions) {}

  @Handle(verifyGrantAssertion)
  verify(request: VerifyGrantAssertion): Promise<AssertedUser> {
    return this.assertions.verify(request);
  }
}
