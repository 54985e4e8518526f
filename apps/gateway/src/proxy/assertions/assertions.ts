import type { Bus, Call } from '@keyward/bus';
import { getProfile, nameUsers, ServiceError, signBackendToken, type Organization } from '@keyward/contracts';
import type { JwksCache } from '../../openid/jwks-cache';
import { Recent } from '../tokens/recent';
import type { Passed } from '../enforcement';
import type { Api } from '../route-table';
import { userClaims } from './user-claims';

/** Assertions that are known at once: some 60 MB at most. */
const KNOWN = 50_000;
/** They are signed for 15 minutes, and sent for less: an upstream's clock may be ahead. Milliseconds. */
const SENT_MS = 12 * 60_000;

interface Known {
  jwt: string;
  until: number;
}

/** The `X-JWT-Assertion` of a caller, signed by the key manager once for each token, API and plan. */
export class Assertions {
  private readonly known = new Recent<Known>(KNOWN);
  private readonly asking = new Map<string, Promise<string>>();

  /** Organizations whose key for this is known to be there: a first signature makes it. */
  private readonly signing = new Set<string>();

  constructor(
    private readonly bus: Bus,
    private readonly published: JwksCache,
  ) {}

  /** Fails with `temporarily_unavailable` when nobody can sign: an upstream that relies on it gets no request without it. */
  of(api: Api, organization: Organization, passed: Passed, call: () => Call): string | Promise<string> {
    const key = `${passed.grant.claims.jti} ${api.id} ${passed.subscription?.plan ?? ''} ${api.backendClaims?.join() ?? ''}`;
    const known = this.known.get(key);
    if (known && known.until > Date.now()) return known.jwt;
    const asking = this.asking.get(key) ?? this.sign(key, api, organization, passed, call());
    this.asking.set(key, asking);
    return asking;
  }

  private async sign(key: string, api: Api, organization: Organization, passed: Passed, call: Call): Promise<string> {
    const { grant, client, subject, home, subscription } = passed;
    try {
      const isOurs = grant.ofUser && !grant.isForeign;
      const [enduser, ofUser] = isOurs
        ? await Promise.all([this.nameOf(home, subject, call), this.claimsOf(api, home, subject, call)])
        : [subject];
      const { jwt } = await this.bus.call(
        signBackendToken,
        {
          ...{ organizationId: organization.id, applicationId: client.applicationId, subject },
          keytype: client.kind === 'sandbox' ? 'SANDBOX' : 'PRODUCTION',
          claims: {
            ...ofUser,
            // Applications belong to their organization: that is who subscribes.
            ...{ subscriber: organization.key, tier: subscription?.plan ?? 'Unlimited', applicationtier: 'Unlimited' },
            ...{ apiname: api.name, apicontext: contextOf(api, organization), version: api.version },
            ...{ usertype: grant.ofUser ? 'APPLICATION_USER' : 'APPLICATION' },
            ...{ enduser, enduserTenantId: home.id },
          },
          ...(Number.isFinite(grant.exp) && { until: grant.exp }),
        },
        call,
      );
      if (!this.signing.has(organization.id)) this.published.forget(organization.id); // An upstream looks for it there.
      this.signing.add(organization.id);
      this.known.set(key, { jwt, until: Math.min(grant.exp * 1000, Date.now() + SENT_MS) });
      return jwt;
    } finally {
      this.asking.delete(key);
    }
  }

  /** Of who is gone meanwhile there are none. */
  private async claimsOf(
    { backendClaims }: Api,
    home: Organization,
    sub: string,
    call: Call,
  ): Promise<Record<string, string> | undefined> {
    if (!backendClaims) return undefined;
    try {
      return userClaims(backendClaims, await this.bus.call(getProfile, { organizationId: home.id, sub }, call));
    } catch (error) {
      if (error instanceof ServiceError && error.code === 'not_found') return undefined;
      throw error;
    }
  }

  /** A login name with its organization; who is gone meanwhile keeps the id. */
  private async nameOf(home: Organization, id: string, call: Call): Promise<string> {
    const { names } = await this.bus.call(nameUsers, { organizationId: home.id, ids: [id] }, call);
    return `${names[id] ?? id}@${home.key}`;
  }
}

const contextOf = ({ context, version }: Api, { key }: Organization): string =>
  `${key === 'root' ? '' : `/t/${key}`}${context}/${version}`;
