import type { Plan, PlanLevel, PlanUnit } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** The driver reads a bigint as a text; none here is beyond what a number holds. */
const NUMBER = {
  to: (value: number | null) => value,
  from: (text: string | null) => (text === null ? null : Number(text)),
};

/** A quota that APIs, resources, subscriptions and applications name. */
@Entity('plans')
export class PlanEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('text') level: PlanLevel;
  @PrimaryColumn('text') name: string;
  @Column('text') description: string;
  @Column('bigint', { nullable: true, transformer: NUMBER }) requests: number | null;
  @Column('bigint', { nullable: true, transformer: NUMBER }) kilobytes: number | null;
  @Column('int') every: number;
  @Column('text') unit: PlanUnit;
  @Column('int', { nullable: true }) burst: number | null;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What its readers see. */
export const planOf = ({ createdAt, ...plan }: PlanEntity): Plan => ({ ...plan, createdAt: createdAt.toISOString() });
