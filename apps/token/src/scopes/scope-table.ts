import type { ApiRoute, Client, ScopeRecord, SubscriptionRecord } from '@keyward/contracts';
import type { User } from '../grants/grant';

/** What of a client and its user decides about scopes. */
export type ScopedClient = Pick<Client, 'organizationId' | 'applicationId' | 'kind'>;
export type ScopedUser = Pick<User, 'organization' | 'roles'>;

interface DefiningApi {
  organizationId: string;
  scopes: ReadonlySet<string>;
  /** Whether every application of the organization may call it. */
  open: boolean;
}

/** Whose APIs define which scopes, and what users need for them. */
export class ScopeTable {
  private readonly apis = new Map<string, DefiningApi>();
  /** How many open APIs of an organization define a scope. */
  private readonly open = new Map<string, number>();
  private readonly subscriptions = new Map<string, SubscriptionRecord>();
  /** The subscriptions of each application. */
  private readonly ofApplication = new Map<string, Set<SubscriptionRecord>>();
  private readonly scopes = new Map<string, { key: string; roles: ReadonlySet<string> }>();
  private readonly roles = new Map<string, ReadonlySet<string>>();

  /** Whether a user, or without one the client itself, may have a scope: deny by default. */
  allows(scope: string, client: ScopedClient, user: ScopedUser | undefined): boolean {
    const needed = this.roles.get(keyOf(client.organizationId, scope));
    if (!needed || !this.isDefinedFor(scope, client)) return false;
    if (needed.size === 0) return true;
    // A role of the same name in another organization is another role.
    return user?.organization.id === client.organizationId && user.roles.some((role) => needed.has(role.toLowerCase()));
  }

  private isDefinedFor(scope: string, { organizationId, applicationId, kind }: ScopedClient): boolean {
    if (this.open.has(keyOf(organizationId, scope))) return true;
    for (const { apiId, state } of this.ofApplication.get(applicationId) ?? []) {
      const usable = state === 'UNBLOCKED' || (state === 'PROD_ONLY_BLOCKED' && kind === 'sandbox');
      const api = usable ? this.apis.get(apiId) : undefined;
      if (api?.organizationId === organizationId && api.scopes.has(scope)) return true;
    }
    return false;
  }

  applyApi(id: string, record: ApiRoute | null): void {
    const before = this.apis.get(id);
    if (before) this.count(before, -1);
    this.apis.delete(id);
    // One that nobody can call any more, or yet, defines nothing.
    if (!record || record.state === 'CREATED' || record.state === 'RETIRED') return;
    const scopes = new Set(record.resources.flatMap((resource) => resource.scopes));
    const api = { organizationId: record.organizationId, scopes, open: !record.subscriptionRequired };
    this.apis.set(id, api);
    this.count(api, 1);
  }

  applySubscription(id: string, record: SubscriptionRecord | null): void {
    const before = this.subscriptions.get(id);
    if (before) {
      const others = this.ofApplication.get(before.applicationId);
      others?.delete(before);
      if (others?.size === 0) this.ofApplication.delete(before.applicationId);
      this.subscriptions.delete(id);
    }
    if (!record) return;
    this.subscriptions.set(id, record);
    const all = this.ofApplication.get(record.applicationId) ?? new Set();
    this.ofApplication.set(record.applicationId, all.add(record));
  }

  applyScope(id: string, record: ScopeRecord | null): void {
    const before = this.scopes.get(id);
    // A scope made again under the same name has another id.
    if (before && this.roles.get(before.key) === before.roles) this.roles.delete(before.key);
    this.scopes.delete(id);
    if (!record) return;
    const key = keyOf(record.organizationId, record.name);
    const roles = new Set(record.roles.map((role) => role.toLowerCase()));
    this.scopes.set(id, { key, roles });
    this.roles.set(key, roles);
  }

  clearApis(): void {
    this.apis.clear();
    this.open.clear();
  }

  clearSubscriptions(): void {
    this.subscriptions.clear();
    this.ofApplication.clear();
  }

  clearScopes(): void {
    this.scopes.clear();
    this.roles.clear();
  }

  private count({ organizationId, scopes, open }: DefiningApi, by: 1 | -1): void {
    if (!open) return;
    for (const scope of scopes) {
      const key = keyOf(organizationId, scope);
      const count = (this.open.get(key) ?? 0) + by;
      if (count === 0) this.open.delete(key);
      else this.open.set(key, count);
    }
  }
}

/** A scope has no blank in it. */
const keyOf = (organizationId: string, scope: string): string => `${organizationId} ${scope}`;
