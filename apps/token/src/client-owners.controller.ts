import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import {
  ADMIN_ROLE,
  OPERATOR_ROLE,
  proveClientOwner,
  ROOT_ORGANIZATION,
  ServiceError,
  type ClientOwner,
  type Organization,
  type ProveClientOwner,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import { PasswordProof } from './authorization/password-proof';
import { parseLoginName } from './login-name';

/** Users who register clients by their passwords, as at API Manager's registration. */
@Controller()
export class ClientOwnersController {
  constructor(
    private readonly passwords: PasswordProof,
    private readonly organizations: Organizations,
  ) {}

  /** Where it is closed nobody can try a password, or tell which organizations there are. */
  @Handle(proveClientOwner)
  async prove({ username, password, ip }: ProveClientOwner, call: Call): Promise<ClientOwner> {
    const { orgKey = ROOT_ORGANIZATION.key } = parseLoginName(username);
    const organization = await this.organizations.activeByKeyNow(orgKey);
    if (!organization || !isOpen(organization))
      throw new ServiceError('access_denied', 'clients cannot be registered by password here');
    const proven = await this.passwords.prove({ username, password, ip }, organization, undefined, call);
    if ('problem' in proven) throw refusalOf(proven.problem, proven.retryAfter);
    const { sub, roles } = proven.user;
    const administers = roles.includes(organization.id === ROOT_ORGANIZATION.id ? OPERATOR_ROLE : ADMIN_ROLE);
    if (!administers && organization.clientRegistration !== 'open')
      throw new ServiceError('access_denied', 'administrators of the organization alone register clients here');
    return { organizationId: organization.id, sub, administers };
  }
}

/** The clients have secrets, and it is a password that registers them. */
const isOpen = ({ clientRegistration, passwordGrant, highAssurance }: Organization): boolean =>
  clientRegistration !== 'closed' && passwordGrant && !highAssurance;

function refusalOf(problem: 'wrong' | 'limited' | 'busy', retryAfter?: number): ServiceError {
  if (problem === 'wrong') return new ServiceError('invalid_grant', 'Login failed');
  const code = problem === 'limited' ? 'too_many_requests' : 'temporarily_unavailable';
  return new ServiceError(code, undefined, { retryAfter });
}
