import type { DeniedKind, DenyRuleRecord } from '@keyward/contracts';
import { AddressRanges } from './address-ranges';

/** Whom one organization's APIs answer nothing but a refusal. */
export class Denied {
  private readonly addresses = new AddressRanges();
  private readonly targets: Record<Exclude<DeniedKind, 'ip'>, Set<string>> = {
    application: new Set(),
    user: new Set(),
    api: new Set(),
  };
  size = 0;

  add({ kind, target }: DenyRuleRecord): void {
    if (kind === 'ip') this.addresses.add(target);
    else this.targets[kind].add(target);
    this.size++;
  }

  /** Of what is no address there is one rule at most. */
  delete({ kind, target }: DenyRuleRecord): void {
    if (kind === 'ip') this.addresses.delete(target);
    else this.targets[kind].delete(target);
    this.size--;
  }

  isAddress(address: string): boolean {
    return this.addresses.has(address);
  }

  isApi(id: string): boolean {
    return this.targets.api.has(id);
  }

  isCaller(applicationId: string, user: string): boolean {
    return this.targets.application.has(applicationId) || this.targets.user.has(user);
  }
}

/** Every deny rule that holds, by organization. A change costs the same however many there are. */
export class Denials {
  private readonly rules = new Map<string, DenyRuleRecord>();
  private readonly denied = new Map<string, Denied>();

  apply(id: string, rule: DenyRuleRecord | null): void {
    const before = this.rules.get(id);
    if (before) this.remove(id, before);
    if (!rule) return;
    this.rules.set(id, rule);
    const denied = this.denied.get(rule.organizationId) ?? new Denied();
    this.denied.set(rule.organizationId, denied);
    denied.add(rule);
  }

  clear(): void {
    this.rules.clear();
    this.denied.clear();
  }

  /** `undefined` for almost all organizations. */
  of(organizationId: string): Denied | undefined {
    return this.denied.get(organizationId);
  }

  private remove(id: string, rule: DenyRuleRecord): void {
    this.rules.delete(id);
    const denied = this.denied.get(rule.organizationId);
    denied?.delete(rule);
    if (denied?.size === 0) this.denied.delete(rule.organizationId);
  }
}
