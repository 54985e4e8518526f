import { Injectable } from '@nestjs/common';
import { Bus } from '@keyward/bus';
import { ServiceError, verifyGrantAssertion } from '@keyward/contracts';
import type { OAuthSettings } from '@keyward/runtime';
import { decodeJwt } from 'jose';
import { Clock, inSeconds } from '../clock';
import { Issuers } from '../issuer';
import { Users } from '../users';
import { Grant, type Authorization, type Request, type Values } from './grant';

const PARAMS = { assertion: { required: true, maxBytes: 8192 } } as const;

/**
 * JWT Bearer, RFC 7523 §2.1: an issuer that the organization trusts says who a user is. There is no refresh token: the next
 * assertion takes its place (RFC 7521 §4.1).
 */
@Injectable()
export class JwtBearerGrant extends Grant<typeof PARAMS> {
  readonly type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  readonly enabled = (settings: OAuthSettings) => settings.jwtBearerGrant;
  override readonly confidential = true;
  readonly params = PARAMS;

  constructor(
    private readonly bus: Bus,
    private readonly users: Users,
    private readonly issuers: Issuers,
    private readonly clock: Clock,
  ) {
    super();
  }

  async authorize({ assertion }: Values<typeof PARAMS>, request: Request): Promise<Authorization> {
    const { organization, scope, call } = request;
    const issuer = issuerOf(assertion);
    const asked = { organizationId: organization.id, assertion, issuer, audience: this.issuers.of(organization) };
    const { sub } = await this.bus.call(verifyGrantAssertion, asked, call).catch(uniform);
    const subject = await this.users.check(sub, organization, call);
    if (!subject) throw invalidAssertion('the user may have no tokens');
    const authTime = Math.max(inSeconds(this.clock.now()), subject.credentialsChangedAt);
    return { user: { sub, roles: subject.roles, organization, authTime, amr: [] }, scope, exchanged: {} };
  }
}

/** Who it says it is of, unproven. */
function issuerOf(assertion: string): string {
  try {
    const { iss } = decodeJwt(assertion);
    if (typeof iss === 'string' && iss.length > 0 && iss.length <= 500) return iss;
  } catch {
    // Whatever it is, it is no assertion.
  }
  throw invalidAssertion('no issuer');
}

/** One answer for every cause (JB-01). */
const invalidAssertion = (detail: string) =>
  new ServiceError('invalid_grant', 'The assertion is not valid', { detail });

function uniform(error: unknown): never {
  throw error instanceof ServiceError && error.code === 'invalid_grant' ? invalidAssertion('refused') : error;
}
