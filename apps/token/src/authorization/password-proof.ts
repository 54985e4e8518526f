import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { Bus, type Call } from '@keyward/bus';
import {
  authenticateUser,
  ROOT_ORGANIZATION,
  ServiceError,
  type AuthorizationStep,
  type Client,
  type Organization,
  type SignInForm,
} from '@keyward/contracts';
import { addressRange, Organizations } from '@keyward/runtime';
import { Clock } from '../clock';
import type { User } from '../grants/grant';
import { parseLoginName } from '../login-name';
import { provenAt } from '../users';

/** Addresses share so many counters an organization, so that their number bounds what is stored of them (abuse 48). */
const SLOTS = 65_536;

type Proven =
  | { user: User & { username: string } }
  | (Required<Pick<AuthorizationStep, 'problem'>> & Pick<AuthorizationStep, 'retryAfter'>);

/** A user's password on the sign-in page: the same counters and the same answer as the password grant's (abuse 15). */
@Injectable()
export class PasswordProof {
  constructor(
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly clock: Clock,
  ) {}

  /** Whose page it is where no client says so: at the root that of the login name's organization. */
  async pageOf({ organizationId, username }: SignInForm): Promise<Organization> {
    const { orgKey } = parseLoginName(username);
    const named = organizationId === undefined && orgKey ? this.organizations.activeByKey(orgKey) : undefined;
    const page = named ?? (await this.organizations.activeNow(organizationId ?? ROOT_ORGANIZATION.id));
    if (!page) throw new ServiceError('not_found');
    return page;
  }

  async prove(
    { username, password, ip }: Pick<SignInForm, 'username' | 'password' | 'ip'>,
    page: Organization,
    client: Client | undefined,
    call: Call,
  ): Promise<Proven> {
    const login = parseLoginName(username);
    const found = login.orgKey === undefined ? page : this.organizations.activeByKey(login.orgKey);
    const home = found && (found.id === page.id || client?.multiOrganization) ? found : undefined;
    // RO-04: a login name that cannot sign in here costs and answers as a wrong password does.
    const attempt = home
      ? { organizationId: home.id, username: login.username }
      : { organizationId: page.id, username, refuse: true };
    // Nobody has proven to be the client, so that its users are not kept out by whoever knows its name: it is the
    // address that is counted (BF-03).
    const by = { clientId: counterOf(page.id, ip), clientOrganizationId: page.id };
    try {
      const proven = await this.bus.call(authenticateUser, { ...attempt, ...by, password }, call);
      const { sub, username, roles } = proven;
      const authTime = provenAt(proven, this.clock.now());
      return { user: { sub, username, roles, organization: home ?? page, authTime, amr: ['pwd'] } };
    } catch (error) {
      return problemOf(error);
    }
  }
}

const counterOf = (organizationId: string, ip: string): string => `~sign-in-${slotOf(organizationId, ip)}`;

/** Which counter an address is counted in at an organization's pages. */
export function slotOf(organizationId: string, ip: string): number {
  const digest = createHash('sha256')
    .update(`${organizationId} ${addressRange(ip)}`)
    .digest();
  return digest.readUInt32BE() % SLOTS;
}

function problemOf(error: unknown): Proven {
  if (!(error instanceof ServiceError)) throw error;
  const { code, retryAfter = 1 } = error;
  if (code === 'too_many_requests') return { problem: 'limited', retryAfter };
  if (code === 'temporarily_unavailable') return { problem: 'busy', retryAfter };
  // A password that is too long for any is a wrong one too.
  if (code === 'invalid_grant' || code === 'invalid_request') return { problem: 'wrong' };
  throw error;
}
