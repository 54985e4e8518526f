import { hash } from 'node:crypto';
import type { Call } from '@keyward/bus';
import type { Organization } from '@keyward/contracts';
import type { Grant } from './grant';
import type { JwtReader } from './jwt-reader';
import type { OpaqueReader } from './opaque-reader';
import { Recent } from './recent';

/** Tokens that are known at once: some 80 MB at most. */
const KNOWN = 100_000;
/** A signature is verified again after this long, milliseconds: a key that was withdrawn opens nothing for ever. */
const VERIFIED_MS = 5 * 60_000;
/** What is longer is none of Keyward's. */
const LONGEST = 8192;
/** RFC 6750 §2.1: b64token. */
const FORM = /^[\w.~+/-]+=*$/;

interface Known {
  grant: Grant;
  /** Unix milliseconds; until then what the token says needs no second look. */
  until: number;
}

/** What access tokens say to one organization's APIs. Of a token that is used again nothing is verified again. */
export class AccessTokens {
  private readonly known = new Recent<Known>(KNOWN);

  constructor(
    private readonly jwts: Pick<JwtReader, 'read'>,
    private readonly opaque: Pick<OpaqueReader, 'read' | 'freshMs'>,
  ) {}

  /**
   * The grant of a genuine token that has not expired; it may have been revoked. `undefined` for everything else. Fails with
   * `temporarily_unavailable` when it cannot be told.
   */
  grantOf(token: string, organization: Organization, call: () => Call): Grant | undefined | Promise<Grant | undefined> {
    if (token.length > LONGEST) return undefined;
    const key = hash('sha256', token, 'base64');
    const known = this.known.get(key);
    if (!known || known.until <= Date.now()) return this.read(token, key, organization, call());
    // A token opens the APIs of the organization that issued it, whatever another one's has been asked before (abuse 23).
    return known.grant.organizationId === organization.id ? known.grant : undefined;
  }

  private async read(token: string, key: string, organization: Organization, call: Call): Promise<Grant | undefined> {
    if (!FORM.test(token)) return undefined;
    const isOpaque = token.startsWith('kat_');
    const grant = await (isOpaque ? this.opaque : this.jwts).read(token, organization, call);
    if (!grant) return undefined;
    const until = Math.min(grant.exp * 1000, Date.now() + (isOpaque ? this.opaque.freshMs : VERIFIED_MS));
    if (until <= Date.now()) return undefined;
    this.known.set(key, { grant, until });
    return grant;
  }
}
