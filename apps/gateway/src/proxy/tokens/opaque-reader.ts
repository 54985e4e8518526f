import type { Bus, Call } from '@keyward/bus';
import { readAccessToken, type Organization } from '@keyward/contracts';
import { grantOf, type Grant } from './grant';
import { Recent } from './recent';

/** `kat_`, and 54 bytes in base64url. */
const FORM = /^kat_[A-Za-z0-9_-]{72}$/;
const REFUSED = 10_000;

/** Asks the token service what an opaque access token grants. */
export class OpaqueReader {
  /** How long an answer holds; a revocation ends it sooner. */
  readonly freshMs = 15_000;
  /** How long a refusal holds. */
  private readonly refusedMs = 2000;
  private readonly refused = new Recent<number>(REFUSED);
  private readonly asking = new Map<string, Promise<Grant | undefined>>();

  constructor(private readonly bus: Bus) {}

  async read(token: string, organization: Organization, call: Call): Promise<Grant | undefined> {
    if (!FORM.test(token)) return undefined;
    const key = `${organization.id}${token}`;
    if ((this.refused.get(key) ?? 0) > Date.now()) return undefined;
    const asking = this.asking.get(key) ?? this.ask(key, token, organization, call);
    this.asking.set(key, asking);
    return asking;
  }

  private async ask(key: string, token: string, organization: Organization, call: Call): Promise<Grant | undefined> {
    try {
      const { claims } = await this.bus.call(readAccessToken, { organizationId: organization.id, token }, call);
      const grant = claims && grantOf(organization, claims);
      if (!grant) this.refused.set(key, Date.now() + this.refusedMs);
      return grant;
    } finally {
      this.asking.delete(key);
    }
  }
}
