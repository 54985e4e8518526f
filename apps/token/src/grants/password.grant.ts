import { Injectable } from '@nestjs/common';
import { Bus } from '@keyward/bus';
import { authenticateUser, ServiceError, type Client, type Organization } from '@keyward/contracts';
import { Organizations, type OAuthSettings } from '@keyward/runtime';
import { takesUsersOf } from '../clients';
import { Clock } from '../clock';
import { parseLoginName } from '../login-name';
import { isOperators } from '../scope';
import { provenAt } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = {
  username: { required: true, maxLength: 384 },
  password: { required: true, maxBytes: 1024 },
} as const;

/** Resource Owner Password Credentials, RFC 6749 §4.3. RFC 9700 §2.4 advises against it: it can be switched off. */
@Injectable()
export class PasswordGrant extends Grant<typeof PARAMS> {
  readonly type = 'password';
  /** Operators sign in by it all the same: there is no other way to the management API yet. */
  readonly enabled = (settings: OAuthSettings, client: Client) => settings.passwordGrant || isOperators(client);
  override readonly confidential = true;
  readonly params = PARAMS;

  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly clock: Clock,
  ) {
    super();
  }

  /** The switch of the user's organization, when it is another than the client's, is looked at by `authorize`. */
  override isOpenTo({ passwordGrantSunset }: Client, { passwordGrant }: Organization, now: number): boolean {
    return passwordGrant && !(passwordGrantSunset && Date.parse(passwordGrantSunset) <= now);
  }

  async authorize({ username, password }: Values<typeof PARAMS>, request: Request): Promise<Authorization> {
    const { client, scope, call } = request;
    const login = parseLoginName(username);
    const found = login.orgKey === undefined ? request.organization : this.organizations.activeByKey(login.orgKey);
    const isWelcome = found?.passwordGrant && takesUsersOf(client, found.id);
    const organization = isWelcome ? found : undefined;
    // RO-04: a login name that cannot be of this client costs and answers as a wrong password does.
    const attempt = organization
      ? { organizationId: organization.id, username: login.username }
      : { organizationId: client.organizationId, username, refuse: true };
    const by = { clientId: client.clientId, clientOrganizationId: client.organizationId };
    const proof = { ...attempt, ...by, password };
    const proven = await this.bus.call(authenticateUser, proof, call).catch(uniform);
    const { sub, roles } = proven;
    const authTime = provenAt(proven, this.clock.now());
    return { user: { sub, roles, organization: organization ?? request.organization, authTime, amr: ['pwd'] }, scope };
  }
}

/** Whatever the directory's reason: one answer (RO-04). */
function uniform(error: unknown): never {
  if (!(error instanceof ServiceError) || error.code !== 'invalid_grant') throw error;
  throw new ServiceError('invalid_grant', 'Authentication failed', { reason: 'user_refused' });
}
