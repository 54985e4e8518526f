import type { CountedBy, Plan, PlanLevel, PlanRecord, PlanUnit } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The driver reads a bigint as a text; none here is beyond what a number holds. */
const NUMBER = {
  to: (value: number | null) => value,
  from: (text: string | null) => (text === null ? null : Number(text)),
};

/** A quota that APIs, resources, subscriptions and applications name, or that holds by itself. */
@Entity('plans')
export class PlanEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') level: PlanLevel;
  @PrimaryColumn('text') name: string;
  /** The feed's name for it. */
  @Column('uuid') id: string;
  @Column('text') description: string;
  @Column('bigint', { nullable: true, transformer: NUMBER }) requests: number | null;
  @Column('bigint', { nullable: true, transformer: NUMBER }) kilobytes: number | null;
  @Column('int') every: number;
  @Column('text') unit: PlanUnit;
  @Column('int', { nullable: true }) burst: number | null;
  @Column('text', { name: 'counted_by', array: true }) countedBy: CountedBy[];
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What the feed tells of it. */
export const planRecordOf = (plan: Omit<PlanEntity, 'description' | 'createdAt'>): PlanRecord => {
  const { organizationId, level, name, requests, kilobytes, every, unit, burst, countedBy } = plan;
  return {
    organizationId,
    level,
    name,
    requests: numberOf(requests),
    kilobytes: numberOf(kilobytes),
    every,
    unit,
    burst,
    ...(countedBy.length > 0 && { countedBy }),
  };
};

/** The snapshot's rows are as the driver reads them. */
const numberOf = (value: number | string | null): number | null => (value === null ? null : Number(value));

/** What its readers see. */
export const planOf = (plan: PlanEntity): Plan => ({
  ...planRecordOf(plan),
  description: plan.description,
  createdAt: plan.createdAt.toISOString(),
});
