import type { DeniedKind, DenyRule, DenyRuleRecord } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Whose calls get no answer from an organization's APIs. */
@Entity('deny_rules')
export class DenyRuleEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') kind: DeniedKind;
  @Column('text') target: string;
  @Column('text') value: string;
  @Column('text') description: string;
  @Column('boolean') active: boolean;
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

type Told = Pick<DenyRuleEntity, 'organizationId' | 'kind' | 'target' | 'active'>;

/** What the feed tells of it: one that does not hold is as if it were not there. */
export const denyRuleRecordOf = ({ organizationId, kind, target, active }: Told): DenyRuleRecord | null =>
  active ? { organizationId, kind, target } : null;

/** What its readers see. */
export const denyRuleOf = ({ createdAt, ...rule }: DenyRuleEntity): DenyRule => ({
  ...rule,
  createdAt: createdAt.toISOString(),
});
