import type { Scope, ScopeRecord } from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A scope of an organization. */
@Entity('scopes')
export class ScopeEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text') description: string;
  @Column('text', { array: true }) roles: string[];
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
}

/** What the feed tells of it. */
export const scopeRecordOf = ({ organizationId, name, roles }: ScopeRecord & { id: string }): ScopeRecord => ({
  organizationId,
  name,
  roles,
});

/** What its readers see. */
export const scopeOf = ({ description, createdAt, ...scope }: ScopeEntity): Scope => ({
  ...scopeRecordOf(scope),
  description,
  createdAt: createdAt.toISOString(),
});
