import type { ApplicationPlanRecord, PlanLevel, PlanRecord } from '@keyward/contracts';

type ByName = Record<PlanLevel, Map<string, PlanRecord>>;

/** Every plan by its organization, level and name, and which applications have one. */
export class Plans {
  private readonly byId = new Map<string, PlanRecord>();
  private readonly byOrganization = new Map<string, ByName>();
  private readonly ofApplications = new Map<string, ApplicationPlanRecord>();

  apply(id: string, plan: PlanRecord | null): void {
    const before = this.byId.get(id);
    if (before) this.byOrganization.get(before.organizationId)?.[before.level].delete(before.name);
    this.byId.delete(id);
    if (!plan) return;
    this.byId.set(id, plan);
    const named = this.byOrganization.get(plan.organizationId) ?? noPlans();
    this.byOrganization.set(plan.organizationId, named);
    named[plan.level].set(plan.name, plan);
  }

  clear(): void {
    this.byId.clear();
    this.byOrganization.clear();
  }

  applyApplication(applicationId: string, record: ApplicationPlanRecord | null): void {
    if (record) this.ofApplications.set(applicationId, record);
    else this.ofApplications.delete(applicationId);
  }

  clearApplications(): void {
    this.ofApplications.clear();
  }

  named(organizationId: string, level: PlanLevel, name: string): PlanRecord | undefined {
    return this.byOrganization.get(organizationId)?.[level].get(name);
  }

  /** Those that hold by themselves; `undefined` for almost all organizations. */
  customOf(organizationId: string): ReadonlyMap<string, PlanRecord> | undefined {
    const custom = this.byOrganization.get(organizationId)?.custom;
    return custom?.size ? custom : undefined;
  }

  /** The name of an application's plan; `undefined`: unlimited. */
  ofApplication(applicationId: string): string | undefined {
    return this.ofApplications.get(applicationId)?.plan;
  }
}

const noPlans = (): ByName => ({
  application: new Map(),
  subscription: new Map(),
  api: new Map(),
  resource: new Map(),
  upstream: new Map(),
  custom: new Map(),
});
