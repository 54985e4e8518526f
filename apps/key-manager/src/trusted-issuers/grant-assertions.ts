import { ServiceError, type AssertedUser, type ClientJwks, type VerifyGrantAssertion } from '@keyward/contracts';
import { queryInOrganization, type Replays } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { verifyByKeysOf } from '../client-keys/by-keys-of';
import { SKEW } from '../client-keys/client-assertion';
import type { RemoteJwks } from '../client-keys/remote-jwks';

/** An assertion is of one whom the organization trusts, or of nobody. */
const FIND = `SELECT jwks, jwks_uri AS "jwksUri", users FROM trusted_issuers WHERE organization_id = $1 AND issuer = $2`;

interface Trusted {
  jwks: ClientJwks | null;
  jwksUri: string | null;
  users: { subject: string; userId: string }[];
}

/** Assertions of trusted issuers as grants, RFC 7523 §3.1 (JB-01, JB-02). */
export class GrantAssertions {
  constructor(
    private readonly dataSource: DataSource,
    private readonly remote: RemoteJwks,
    private readonly replays: Replays,
    private readonly now: () => number,
  ) {}

  /** Throws `invalid_grant`, whatever is wrong. */
  async verify({ organizationId, assertion, issuer, audience }: VerifyGrantAssertion): Promise<AssertedUser> {
    if (issuer.includes('\0')) throw refused();
    const params: [string, string] = [organizationId, issuer];
    const [trusted] = await queryInOrganization<Trusted>(this.dataSource, 'find-trusted-issuer', FIND, params);
    const expected = { issuer, audience, now: this.now() };
    const said = trusted && (await verifyByKeysOf(this.remote, { organizationId, ...trusted }, assertion, expected));
    if (!said) throw refused();
    const { jti: id, exp, sub } = said;
    // JB-02: whom it speaks of is what an administrator has said, not what looks alike.
    const user = trusted.users.find(({ subject }) => subject === sub);
    const endsAt = Math.ceil(exp) + SKEW;
    if (!user || !(await this.replays.isFirstUse({ organizationId, purpose: 'grant', owner: issuer, id, endsAt })))
      throw refused();
    return { sub: user.userId };
  }
}

const refused = () => new ServiceError('invalid_grant', 'the assertion is not valid');
