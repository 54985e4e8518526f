import type { TrustedIssuerRecord } from '@keyward/contracts';

/** An issuer that one organization trusts, as tokens need it. */
export interface Trust {
  readonly id: string;
  readonly record: TrustedIssuerRecord;
  /** Consumer keys by the issuer's own clients. */
  readonly clients: ReadonlyMap<string, string>;
  /** Scopes of ours by the issuer's own. */
  readonly scopes: ReadonlyMap<string, string>;
}

/** Whose access tokens open which organization's APIs beside its own, as the key manager's feed tells of it. */
export class TrustedIssuers {
  private readonly byId = new Map<string, Trust>();
  /** By organization, then by `iss`. */
  private readonly byOrganization = new Map<string, Map<string, Trust>>();

  apply(id: string, record: TrustedIssuerRecord | null): void {
    const before = this.byId.get(id);
    if (before) this.remove(before);
    if (!record) return;
    const { clients, scopes } = record.access;
    const trust: Trust = {
      ...{ id, record },
      clients: new Map(clients.map(({ client, consumerKey }) => [client, consumerKey])),
      scopes: new Map(scopes.map(({ scope, as }) => [scope, as])),
    };
    this.byId.set(id, trust);
    const { organizationId, issuer } = record;
    const trusted = this.byOrganization.get(organizationId) ?? new Map<string, Trust>();
    this.byOrganization.set(organizationId, trusted.set(issuer, trust));
  }

  clear(): void {
    this.byId.clear();
    this.byOrganization.clear();
  }

  /** The issuers of an organization by their `iss`; `undefined` for almost all organizations. */
  of(organizationId: string): ReadonlyMap<string, Trust> | undefined {
    return this.byOrganization.get(organizationId);
  }

  /** Whether nothing was said of an issuer since a token of it was read. */
  isCurrent(trust: Trust): boolean {
    return this.byId.get(trust.id) === trust;
  }

  private remove({ id, record: { organizationId, issuer } }: Trust): void {
    this.byId.delete(id);
    const trusted = this.byOrganization.get(organizationId);
    // One of that issuer may have been made anew meanwhile.
    if (trusted?.get(issuer)?.id === id) trusted.delete(issuer);
    if (trusted?.size === 0) this.byOrganization.delete(organizationId);
  }
}
