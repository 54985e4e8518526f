import { hash } from 'node:crypto';
import type { Call } from '@keyward/bus';
import type { Organization } from '@keyward/contracts';
import type { ForeignTokens } from '../issuers/foreign-tokens';
import type { Trust } from '../issuers/trusted-issuers';
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
  /** Of an issuer that is not Keyward. */
  trust?: Trust;
}

/** What access tokens say to one organization's APIs. Of a token that is used again nothing is verified again. */
export class AccessTokens {
  private readonly known = new Recent<Known>(KNOWN);

  constructor(
    private readonly jwts: Pick<JwtReader, 'read'>,
    private readonly opaque: Pick<OpaqueReader, 'read' | 'freshMs'>,
    private readonly foreign: Pick<ForeignTokens, 'trustOf' | 'isCurrent' | 'read'>,
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
    // What was trusted when it was read may not be so any more, or mean something else to another organization.
    if (known.trust && (known.grant.organizationId !== organization.id || !this.foreign.isCurrent(known.trust)))
      return this.read(token, key, organization, call());
    // A token opens the APIs of the organization that issued it, whatever another one's has been asked before (abuse 23).
    return known.grant.organizationId === organization.id ? known.grant : undefined;
  }

  private async read(token: string, key: string, organization: Organization, call: Call): Promise<Grant | undefined> {
    if (!FORM.test(token)) return undefined;
    const isOpaque = token.startsWith('kat_');
    const trust = isOpaque ? undefined : this.foreign.trustOf(token, organization);
    const grant = trust
      ? await this.foreign.read(token, key, trust, organization, call)
      : await (isOpaque ? this.opaque : this.jwts).read(token, organization, call);
    if (!grant) return undefined;
    const until = Math.min(grant.exp * 1000, Date.now() + (isOpaque ? this.opaque.freshMs : VERIFIED_MS));
    if (until <= Date.now()) return undefined;
    this.known.set(key, { grant, until, trust });
    return grant;
  }
}
