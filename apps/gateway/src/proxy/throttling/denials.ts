import { BlockList, isIPv6 } from 'node:net';
import type { DenyRuleRecord } from '@keyward/contracts';

/** Whom one organization's APIs answer nothing but a refusal. */
export class Denied {
  private readonly addresses = new BlockList();
  private hasAddresses = false;
  private readonly targets = { application: new Set<string>(), user: new Set<string>(), api: new Set<string>() };

  constructor(rules: Iterable<DenyRuleRecord>) {
    for (const { kind, target } of rules)
      if (kind === 'ip') this.addAddress(target);
      else this.targets[kind].add(target);
  }

  isAddress(address: string): boolean {
    return this.hasAddresses && this.addresses.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
  }

  isApi(id: string): boolean {
    return this.targets.api.has(id);
  }

  isCaller(applicationId: string, user: string): boolean {
    return this.targets.application.has(applicationId) || this.targets.user.has(user);
  }

  private addAddress(target: string): void {
    const [address = '', bits] = target.split('/');
    const family = isIPv6(address) ? 'ipv6' : 'ipv4';
    if (bits === undefined) this.addresses.addAddress(address, family);
    else this.addresses.addSubnet(address, Number(bits), family);
    this.hasAddresses = true;
  }
}

/** Every deny rule that holds, by organization. */
export class Denials {
  private readonly rules = new Map<string, Map<string, DenyRuleRecord>>();
  private readonly organizationOf = new Map<string, string>();
  private readonly denied = new Map<string, Denied>();

  apply(id: string, rule: DenyRuleRecord | null): void {
    const organizationId = rule?.organizationId ?? this.organizationOf.get(id);
    if (organizationId === undefined) return;
    const rules = this.rules.get(organizationId) ?? new Map<string, DenyRuleRecord>();
    if (rule) rules.set(id, rule);
    else rules.delete(id);
    if (rule) this.organizationOf.set(id, organizationId);
    else this.organizationOf.delete(id);
    this.rules.set(organizationId, rules);
    this.denied.set(organizationId, new Denied(rules.values()));
    if (rules.size > 0) return;
    this.rules.delete(organizationId);
    this.denied.delete(organizationId);
  }

  clear(): void {
    this.rules.clear();
    this.organizationOf.clear();
    this.denied.clear();
  }

  /** `undefined` for almost all organizations. */
  of(organizationId: string): Denied | undefined {
    return this.denied.get(organizationId);
  }
}
