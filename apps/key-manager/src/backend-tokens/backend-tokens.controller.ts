import { Handle } from '@keyward/bus';
import { signBackendToken, type SignBackendToken, type SignedJwt } from '@keyward/contracts';
import { inOrganization } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { findApplication } from '../applications/find-application';
import { Clock } from '../clock';
import { KeyRing } from '../signing-keys/key-ring';

/** API Manager's own: upstreams that know it check for it. */
const ISSUER = 'wso2.org/products/am';
const DIALECT = 'http://wso2.org/claims/';
/** Seconds. */
const LIFETIME = 900;

/** `key-manager.backend-token.*`. */
@Controller()
export class BackendTokensController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly keyRing: KeyRing,
    private readonly clock: Clock,
  ) {}

  @Handle(signBackendToken)
  async sign(request: SignBackendToken): Promise<SignedJwt> {
    const { organizationId, applicationId, keytype, subject, claims, until } = request;
    const { id, name } = await inOrganization(this.dataSource, organizationId, (manager) =>
      findApplication(manager, { organizationId, application: applicationId }),
    );
    const iat = Math.floor(this.clock.now() / 1000);
    const said = { ...claims, keytype, applicationid: id, applicationUUId: id, applicationname: name };
    const jwt = await this.keyRing.sign(organizationId, 'RS256', 'JWT', {
      ...Object.fromEntries(Object.entries(said).map(([claim, value]) => [`${DIALECT}${claim}`, value])),
      ...{ iss: ISSUER, sub: subject, iat, exp: Math.min(iat + LIFETIME, until ?? Infinity) },
    });
    return { jwt };
  }
}
